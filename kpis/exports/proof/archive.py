"""A ZIP that is written as it comes, with the digest of each file in a manifest at its end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MANIFEST = "manifest.json"


class Archive:
    """Files of one folder, each added in pieces, so that none is ever whole in memory."""

    def __init__(self, stream: IO[bytes], folder: str, *, at: datetime) -> None:
        self._zip = ZipFile(stream, "w", ZIP_DEFLATED)
        self._folder, self._at = folder, at
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        info = ZipInfo(f"{self._folder}/{name}", date_time=self._at.timetuple()[:6])
        info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as file:
            for piece in pieces:
                digest.update(piece)
                size += file.write(piece)
        self.files[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def finish(self) -> str:
        """Write the manifest and end the archive; answers the manifest's own SHA-256, which nothing in it can hold."""
        self.add(MANIFEST, [json.dumps({"files": self.files}, indent=1, sort_keys=True).encode()])
        self._zip.close()
        return str(self.files[MANIFEST]["sha256"])
