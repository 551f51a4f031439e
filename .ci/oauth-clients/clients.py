"""What PyPI's Authlib, requests-oauthlib and PyJWT make of the service. They are told the issuer and the credentials, and the
rest stands in the metadata."""

import json
import os

import jwt
import requests
from authlib.integrations.requests_client import OAuth2Session
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError, LegacyApplicationClient, OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as RequestsOAuth2Session

given = json.loads(os.environ["LATCHKEY"])
issuer, scope = given["issuer"], given["scope"]
client_id, client_secret = given["clientId"], given["clientSecret"]

metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=30).json()
openid = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
assert metadata.items() <= openid.items(), "the two documents do not agree"


def authlib(method, refresh_token):
    session = OAuth2Session(
        client_id,
        client_secret,
        scope=scope,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["scope"] == scope, token
    access_token = token["access_token"]

    def active(token):
        return session.introspect_token(metadata["introspection_endpoint"], token=token).json()["active"]

    assert active(access_token) is True
    answer = session.revoke_token(metadata["revocation_endpoint"], token=access_token)
    assert answer.status_code == 200, answer.text
    assert active(access_token) is False
    session.scope = None
    first = session.refresh_token(metadata["token_endpoint"], refresh_token=refresh_token)
    second = session.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    assert active(second["access_token"]) is True


def requests_oauthlib(refresh_token):
    session = RequestsOAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=scope))
    basic = HTTPBasicAuth(client_id, client_secret)
    token = session.fetch_token(metadata["token_endpoint"], auth=basic)
    assert token["token_type"] == "Bearer" and token["scope"] == scope.split(), token
    in_body = RequestsOAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=scope))
    in_body.fetch_token(metadata["token_endpoint"], client_secret=client_secret, include_client_id=True)
    # The token opens the service's own doors.
    answer = session.get(f"{issuer}/auth/verify-token")
    assert answer.status_code == 200, answer.text
    refreshed = RequestsOAuth2Session(client_id, token={"access_token": "none", "refresh_token": refresh_token})
    token = refreshed.refresh_token(metadata["token_endpoint"], auth=basic)
    assert token["refresh_token"] != refresh_token
    wrong = RequestsOAuth2Session(client=BackendApplicationClient(client_id=client_id))
    try:
        wrong.fetch_token(metadata["token_endpoint"], auth=HTTPBasicAuth(client_id, "wrong"))
    except InvalidClientError:
        pass
    else:
        raise AssertionError("a wrong secret was taken")
    password = RequestsOAuth2Session(client=LegacyApplicationClient(client_id=client_id))
    try:
        password.fetch_token(metadata["token_endpoint"], username="ada", password="none", auth=basic)
    except OAuth2Error as error:
        assert error.error == "unsupported_grant_type", error
    else:
        raise AssertionError("the password grant exists")


def pyjwt():
    fields = {"grant_type": "client_credentials", "scope": scope}
    answer = requests.post(metadata["token_endpoint"], fields, auth=(client_id, client_secret), timeout=30)
    token = answer.json()["access_token"]
    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    required = ["exp", "iat", "sub", "aud", "iss", "jti"]
    claims = jwt.decode(
        token, key, algorithms=[given["algorithm"]], audience=given["audience"], issuer=issuer, options={"require": required}
    )
    assert claims["client_id"] == client_id


authlib("client_secret_basic", given["refreshTokens"][5])
authlib("client_secret_post", given["refreshTokens"][6])
requests_oauthlib(given["refreshTokens"][7])
pyjwt()
print(f"Authlib, requests-oauthlib and PyJWT are content with {given['algorithm']}")
