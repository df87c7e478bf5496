"""The secrets of an embedded stack: API keys, signing keys, passwords. Made once, kept in `<home>/keys.json`.

The gateway uses them as Supabase uses a project's: the two API keys say which role a request has, the ES256 pair signs
users' access tokens, and the older HS256 secret still makes the older JWT keys.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Keys"]

_TEN_YEARS_S = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class Keys:
    """Every secret of one embedded stack."""

    postgres_password: str
    authenticator_password: str
    secret_key: str  # sb_secret_…: service_role
    publishable_key: str  # sb_publishable_…: anon
    jwt_secret: str  # HS256, signs the older JWT keys
    signing_private_key: str  # PEM, ES256, signs users' access tokens
    signing_key_id: str
    callback_key: str  # LEADLOOM_SIGNING_KEY
    admin_email: str
    admin_password: str

    @classmethod
    def new(cls) -> Keys:
        """Fresh random keys."""
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(
            postgres_password=secrets.token_urlsafe(24),
            authenticator_password=secrets.token_urlsafe(24),
            secret_key=f"sb_secret_{_letters(22)}_{_letters(8)}",
            publishable_key=f"sb_publishable_{_letters(22)}_{_letters(8)}",
            jwt_secret=secrets.token_urlsafe(48),
            signing_private_key=pem.decode(),
            signing_key_id=secrets.token_hex(16),
            callback_key=secrets.token_urlsafe(48),
            admin_email="admin@leadloom.test",
            admin_password=secrets.token_urlsafe(12),
        )

    @classmethod
    def load_or_make(cls, path: Path) -> Keys:
        """The keys kept in a file that only its owner reads; made at the first start, the same ever after."""
        if path.exists():
            return cls(**json.loads(path.read_text()))
        keys = cls.new()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(keys), indent=2))
        draft.replace(path)
        return keys

    def role_of(self, api_key: str) -> str | None:
        """The role of an `sb_…` key; None when it is not one of this stack's."""
        if secrets.compare_digest(api_key.encode(), self.secret_key.encode()):
            return "service_role"
        if secrets.compare_digest(api_key.encode(), self.publishable_key.encode()):
            return "anon"
        return None

    def legacy_key(self, role: str) -> str:
        """The older kind of API key: a JWT of ten years whose `role` claim is `anon` or `service_role`."""
        now = int(time.time())
        claims = {"iss": "supabase", "ref": "local", "role": role, "iat": now, "exp": now + _TEN_YEARS_S}
        return jwt.encode(claims, self.jwt_secret, algorithm="HS256")

    def sign(self, claims: dict[str, Any]) -> str:
        """An access token with these claims, signed with the ES256 key."""
        return jwt.encode(claims, self.signing_private_key, algorithm="ES256", headers={"kid": self.signing_key_id})

    def claims_of(self, token: str) -> dict[str, Any]:
        """The claims of a token that this stack signed (ES256) or of an older JWT key (HS256).

        Raises:
            jwt.PyJWTError: not ours, changed, or expired.
        """
        algorithm = jwt.get_unverified_header(token).get("alg")
        # The key follows from an algorithm that we name here, never from the token alone.
        key: Any = self.public_key if algorithm == "ES256" else self.jwt_secret
        allowed = ["ES256"] if algorithm == "ES256" else ["HS256"]
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=allowed, options={"verify_aud": False})
        return claims

    @cached_property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The half of the signing key that verifies."""
        private = serialization.load_pem_private_key(self.signing_private_key.encode(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101 -- `new` makes nothing else
        return private.public_key()

    @cached_property
    def jwks(self) -> dict[str, Any]:
        """The public key set, as served at `/auth/v1/.well-known/jwks.json` (RFC 7517)."""
        numbers = self.public_key.public_numbers()
        return {
            "keys": [
                {
                    "kty": "EC",
                    "crv": "P-256",
                    "alg": "ES256",
                    "use": "sig",
                    "key_ops": ["verify"],
                    "ext": True,
                    "kid": self.signing_key_id,
                    "x": _base64url(numbers.x),
                    "y": _base64url(numbers.y),
                }
            ]
        }


def _letters(count: int) -> str:
    return secrets.token_urlsafe(count)[:count].replace("-", "x").replace("_", "y")


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()
