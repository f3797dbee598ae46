"""What the C allocator keeps for itself."""

from sonik.stores.allocator import give_back, share_arenas


def test_any_c_library_may_be_asked_to_keep_less() -> None:
    share_arenas()
    give_back()
