"""How uploads are signed, and that nothing of the secret shows."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from typing import List, Tuple

import pytest

from fake_device import FakeDevice
from project import Project

from hotreload.device.http_device import DeviceError, HttpDevice

MODULE = b"\x7fELF, or what a device takes for it" * 300


def ignore(_sent: int, _total: int) -> None:
    """The progress of an upload."""


def send(device: FakeDevice, secret: bytes) -> None:
    HttpDevice(device.url).upload(MODULE, secret, ignore)


def signature(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def test_header_by_the_letter() -> None:
    """Against numbers computed with openssl: printf ... | openssl dgst -sha256 -mac HMAC."""
    from hotreload.device.protocol import sign_upload

    headers = sign_upload(b"abc", bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff"))
    assert headers == {
        "X-Hotreload-SHA256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "X-Hotreload-Auth": "8342f659bcc9fc0009ac7f370e9a847b35217e4b5721f371d99d8e889e892372",
    }


def test_every_upload_has_its_own_nonce(device: FakeDevice) -> None:
    for _ in range(3):
        send(device, device.secret)
    assert device.uploads == [MODULE] * 3
    assert device.requests == ["GET /nonce", "POST /upload"] * 3
    auths = [head["x-hotreload-auth"] for head in device.heads]
    assert len(set(auths)) == 3


def test_nonce_that_was_asked_for_ahead(device: FakeDevice) -> None:
    sender, other = HttpDevice(device.url), HttpDevice(device.url)
    sender.prepare_upload()
    sender.upload(MODULE, device.secret, ignore)
    assert device.requests == ["GET /nonce", "POST /upload"]
    sender.prepare_upload()
    other.upload(MODULE, device.secret, ignore)
    sender.upload(MODULE, device.secret, ignore)
    assert device.uploads == [MODULE] * 3, "another upload has used the nonce up"
    sender.prepare_upload()
    device.requests.clear()
    with pytest.raises(DeviceError, match="answers 403 Forbidden"):
        sender.upload(MODULE, bytes(32), ignore)
    assert device.requests == ["POST /upload", "GET /nonce"]


def test_nothing_that_could_be_replayed_is_sent(device: FakeDevice) -> None:
    """A recording without its X-Hotreload-Auth must not be an upload of the older kind."""
    send(device, device.secret)
    assert "x-hotreload-hmac" not in device.heads[0]
    assert signature(device.secret, MODULE) not in str(device.heads)


def test_older_firmware_gets_the_two_headers(device: FakeDevice) -> None:
    device.nonce = None
    send(device, device.secret)
    assert device.uploads == [MODULE]
    assert device.heads[0]["x-hotreload-hmac"] == signature(device.secret, MODULE)
    assert "x-hotreload-auth" not in device.heads[0]


def test_another_secret(device: FakeDevice) -> None:
    nonce = device.nonce
    with pytest.raises(DeviceError, match="answers 403 Forbidden"):
        send(device, bytes(32))
    assert device.uploads == [] and device.nonce == nonce
    send(device, device.secret)
    assert device.uploads == [MODULE]


@pytest.mark.parametrize("nonce", ["", "12", "g" * 32, "A" * 32, "0" * 31, "0" * 33, 5])
def test_answer_that_is_no_nonce(device: FakeDevice, nonce: object) -> None:
    device.nonce = nonce  # type: ignore[assignment]
    with pytest.raises(DeviceError, match="answers without a nonce"):
        send(device, device.secret)
    assert device.requests == ["GET /nonce"]


def outputs(built: Project, device: FakeDevice) -> List[str]:
    """What `reload` prints: when it works, when the device refuses, when it is told to say all."""
    command = ["reload", "--build", str(built.build), "--url", device.url, "-v"]
    texts = [built.tool(*command)]
    right, device.secret = device.secret, bytes(32)
    texts.append(built.fail(*command))
    device.secret = right
    device.nonce = None
    texts.append(built.tool(*command))
    return texts


def secrets_of(device: FakeDevice) -> Tuple[str, ...]:
    digests = [head.get("x-hotreload-auth") or head["x-hotreload-hmac"] for head in device.heads]
    return (device.secret.hex(), *digests)


def test_no_output_has_the_secret(built: Project, device: FakeDevice) -> None:
    texts = outputs(built, device)
    hidden = secrets_of(device)
    assert len(device.heads) == 3 and len(hidden) == 4
    for text in texts:
        assert not [secret for secret in hidden if secret[:16] in text.lower()]


def test_only_the_private_files_have_the_secret(built: Project, device: FakeDevice) -> None:
    """Beside them only what the firmware is compiled to; not the module, which travels."""
    with open(built.out / "hotreload.json", encoding="utf-8") as file:
        assert json.load(file)["secret"] == str(built.out / "secret.key")
    holders = []
    for directory, _, names in os.walk(built.root):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                content = file.read()
            if device.secret in content or device.secret.hex().encode() in content.lower():
                holders.append(name)
                assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert holders == ["secret.key"]
