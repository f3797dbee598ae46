"""x"""
from tests.tenancy.place import Place
def follow_orders(place: Place) -> None:
    """x"""
