"""A provider of OpenID Connect: where it is asked, and what is believed of its answer.

The authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636). An ID token is believed when its
signature is by a key of the provider, its issuer and audience are the ones of the settings, it has not expired, and it
was made for this log-in (nonce).
"""

from dataclasses import dataclass
from time import monotonic
from urllib.parse import quote

import httpx
import msgspec
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from httpx import USE_CLIENT_DEFAULT
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from portal.core.errors import Unauthenticated, Unavailable
from portal.core.settings import SingleSignOn

_SCOPE = "openid email profile"
_ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
_SECONDS = 10
_LEEWAY_SECONDS = 60
_KEPT_SECONDS = 600
_NOT_PROVED = "The provider's answer cannot be believed: start again."
_AWAY = "The provider of single sign-on does not answer."


class _Metadata(BaseModel):
    """What is used of a provider's own description (OpenID Connect Discovery 1.0, 3)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True)
class Challenge:
    """What a log-in that is under way is recognised by, and where it leads."""

    state: str
    nonce: str
    verifier: str
    onward: str


@dataclass(frozen=True)
class Claims:
    """What a provider says of a person, checked."""

    subject: str
    email: str
    groups: tuple[str, ...]


@dataclass
class _Known:
    """A provider's description and keys, for some minutes."""

    metadata: _Metadata
    keys: KeySet
    read_at: float


class Provider:
    """The provider that the settings name."""

    def __init__(self, settings: SingleSignOn) -> None:
        self._settings = settings
        self._known: _Known | None = None

    async def begin(self, onward: str, redirect_uri: str) -> tuple[str, Challenge]:
        """Return where the browser is sent, and what the answer has to fit. Raises `Unavailable`."""
        known = await self._look()
        challenge = Challenge(generate_token(32), generate_token(32), generate_token(64), onward)
        address = prepare_grant_uri(
            known.metadata.authorization_endpoint,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=_SCOPE,
            state=challenge.state,
            nonce=challenge.nonce,
            code_challenge=create_s256_code_challenge(challenge.verifier),
            code_challenge_method="S256",
        )
        return address, challenge

    async def finish(self, challenge: Challenge, code: str, redirect_uri: str) -> Claims:
        """Exchange the code for an ID token and return what that says.

        Raises `Unauthenticated` for one that cannot be believed, `Unavailable`.
        """
        known = await self._look()
        answer = await self._exchange(known, challenge, code, redirect_uri)
        token = str(answer.get("id_token", ""))
        try:
            return self._believed(token, challenge.nonce, known)
        except JoseError:  # by a key that is newer than what is known of the provider
            known = await self._look(afresh=True)
        try:
            return self._believed(token, challenge.nonce, known)
        except JoseError as error:
            raise Unauthenticated(_NOT_PROVED) from error

    async def _exchange(
        self, known: _Known, challenge: Challenge, code: str, redirect_uri: str
    ) -> dict[str, object]:
        """Return the provider's answer to a code (RFC 6749, 4.1.3)."""
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": challenge.verifier,
        }
        secret = self._settings.client_secret.get_secret_value()
        # Both as in a form (RFC 6749, 2.3.1).
        proof = (
            (quote(self._settings.client_id, safe=""), quote(secret, safe=""))
            if secret
            else USE_CLIENT_DEFAULT
        )
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as http:
                said = await http.post(known.metadata.token_endpoint, data=body, auth=proof)
        except httpx.HTTPError as error:
            raise Unavailable(_AWAY) from error
        if said.is_server_error:
            raise Unavailable(_AWAY)
        try:
            return msgspec.json.decode(said.content, type=dict[str, object])
        except msgspec.DecodeError as error:
            raise Unauthenticated(_NOT_PROVED) from error

    def _believed(self, id_token: str, nonce: str, known: _Known) -> Claims:
        claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": known.metadata.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            found = jwt.decode(id_token, known.keys, algorithms=_ALGORITHMS).claims
        except ValueError as error:
            raise Unauthenticated(_NOT_PROVED) from error
        claims.validate(found)
        if found.get("email_verified") is False or not isinstance(found.get("email"), str):
            raise Unauthenticated("The provider does not vouch for an e-mail address of yours.")
        groups = found.get(self._settings.groups_claim, [])
        named = tuple(each for each in groups if isinstance(each, str)) if isinstance(groups, list) else ()
        return Claims(str(found["sub"]), str(found["email"]).strip().lower(), named)

    async def _look(self, *, afresh: bool = False) -> _Known:
        known = self._known
        if known is not None and not afresh and monotonic() - known.read_at < _KEPT_SECONDS:
            return known
        where = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as http:
                metadata = _Metadata.model_validate((await http.get(where)).raise_for_status().json())
                keys = KeySet.import_key_set((await http.get(metadata.jwks_uri)).raise_for_status().json())
        except (httpx.HTTPError, ValidationError, ValueError, JoseError) as error:
            raise Unavailable(_AWAY) from error
        if metadata.issuer.rstrip("/") != self._settings.issuer.rstrip("/"):
            raise Unavailable("The provider calls itself otherwise than SingleSignOn__Issuer does.")
        self._known = _Known(metadata, keys, monotonic())
        return self._known
