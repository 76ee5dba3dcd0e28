"""Master records as files: the TOML under `resources/masters`, read into the commands that register and draft them."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from app.domain.identity import MasterId, ProductId
from app.domain.master_record import DraftMasterRecord, MaterialSpec, RegisterProduct, StageSpec, content_hash
from app.domain.quantity import Quantity
from app.domain.record import record
from app.wire.codec import Malformed, adapter

MASTERS = Path(__file__).resolve().parents[2] / "resources" / "masters"


@record
class MasterFile:
    """One product and one version of its master record, not yet approved."""

    product: RegisterProduct
    draft: DraftMasterRecord


def read_master(path: Path, new_id: Callable[[], UUID]) -> MasterFile:
    """Read one file. Raises `Malformed` with the file's name and the place."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _master(data, new_id)
    except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise Malformed(f"{path.name}: {error}") from None


def _master(data: dict[str, Any], new_id: Callable[[], UUID]) -> MasterFile:
    product = RegisterProduct(product_id=ProductId(new_id()), **data["product"])
    head = data["master"]
    batch_size = adapter(Quantity).validate_python(head["batch_size"])
    materials = tuple(adapter(MaterialSpec).validate_python(each) for each in data.get("materials", []))
    stages = tuple(adapter(StageSpec).validate_python(each) for each in data["stages"])
    draft = DraftMasterRecord(
        master_id=MasterId(new_id()),
        product_id=product.product_id,
        version=head["version"],
        title=head["title"],
        batch_size=batch_size,
        materials=materials,
        stages=stages,
        content_hash=content_hash(batch_size, materials, stages),
        note=head.get("note", ""),
    )
    return MasterFile(product=product, draft=draft)
