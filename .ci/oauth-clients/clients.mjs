// What npm's oauth4webapi, openid-client and jose make of the service: discovery, client credentials, refresh, introspection,
// revocation, verification. They are told the issuer and the credentials, and find out the rest.

import assert from 'node:assert/strict'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const { issuer, audience, algorithm, clientId, clientSecret, scope, refreshTokens } = JSON.parse(process.env.LATCHKEY)
const http = { [oauth.allowInsecureRequests]: true }

async function oauth4webapi(kind, authentication, refreshToken) {
  const url = new URL(issuer)
  const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm: kind, ...http }))
  const client = { client_id: clientId }

  const asked = await oauth.clientCredentialsGrantRequest(server, client, authentication, new URLSearchParams({ scope }), http)
  const granted = await oauth.processClientCredentialsResponse(server, client, asked)
  assert.equal(granted.scope, scope)
  assert.equal(granted.refresh_token, undefined)

  const request = new Request('https://api.example.com/', { headers: { authorization: `Bearer ${granted.access_token}` } })
  const claims = await oauth.validateJwtAccessToken(server, request, audience, http)
  assert.equal(claims.client_id, clientId)

  const introspect = async (token) => {
    const answer = await oauth.introspectionRequest(server, client, authentication, token, http)
    return oauth.processIntrospectionResponse(server, client, answer)
  }
  const active = await introspect(granted.access_token)
  assert.deepEqual([active.active, active.iss, active.jti], [true, issuer, claims.jti])
  const revoked = await oauth.revocationRequest(server, client, authentication, granted.access_token, http)
  await oauth.processRevocationResponse(revoked)
  assert.deepEqual(await introspect(granted.access_token), { active: false })

  const refreshed = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, http)
  const next = await oauth.processRefreshTokenResponse(server, client, refreshed)
  assert.ok(next.refresh_token && next.refresh_token !== refreshToken)
  assert.equal((await introspect(next.access_token)).active, true)

  const refused = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic('wrong'), {}, http)
  await assert.rejects(oauth.processClientCredentialsResponse(server, client, refused), (error) => {
    // The library reads the challenge of a 401 before the body.
    assert.equal(error.code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE')
    assert.equal(error.status, 401)
    return true
  })
}

async function openidClient(authentication, refreshToken) {
  const options = { execute: [openid.allowInsecureRequests] }
  const config = await openid.discovery(new URL(issuer), clientId, clientSecret, authentication, options)
  const granted = await openid.clientCredentialsGrant(config, { scope })
  assert.equal(granted.token_type, 'bearer')
  assert.equal((await openid.tokenIntrospection(config, granted.access_token)).active, true)
  await openid.tokenRevocation(config, granted.access_token)
  assert.equal((await openid.tokenIntrospection(config, granted.access_token)).active, false)
  const next = await openid.refreshTokenGrant(config, refreshToken)
  assert.ok(next.expiresIn() > 7000)
}

// A client that is not told a secret: the sessions' own.
async function publicClient(refreshToken) {
  const options = { execute: [openid.allowInsecureRequests] }
  const config = await openid.discovery(new URL(issuer), 'latchkey', undefined, openid.None(), options)
  const next = await openid.refreshTokenGrant(config, refreshToken)
  assert.ok((await openid.refreshTokenGrant(config, next.refresh_token)).access_token)
  await assert.rejects(openid.refreshTokenGrant(config, 'r.unknown'), { error: 'invalid_grant' })
}

async function joseVerifies() {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
  const token = await (await fetch(metadata.token_endpoint, { method: 'POST', body })).json()
  const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri))
  const options = { issuer, audience, typ: 'at+jwt', algorithms: [algorithm] }
  const { payload, protectedHeader } = await jose.jwtVerify(token.access_token, keys, options)
  assert.equal(payload.sub, clientId)
  assert.equal(protectedHeader.alg, algorithm)
}

const { ClientSecretBasic, ClientSecretPost } = oauth
await oauth4webapi('oidc', ClientSecretBasic(clientSecret), refreshTokens[0])
await oauth4webapi('oauth2', ClientSecretPost(clientSecret), refreshTokens[1])
await openidClient(openid.ClientSecretBasic(clientSecret), refreshTokens[2])
await openidClient(openid.ClientSecretPost(clientSecret), refreshTokens[3])
await publicClient(refreshTokens[4])
await joseVerifies()
console.log(`oauth4webapi, openid-client and jose are content with ${algorithm}`)
