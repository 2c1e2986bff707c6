// Decodes access tokens and checks their signatures with the published keys, as an API would.
import { $, clock, el, show, span } from './dom.js'

const decode = (part) => Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
const json = (part) => JSON.parse(new TextDecoder().decode(decode(part)))

const algorithms = {
  ES256: [{ name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', hash: 'SHA-256' }],
  RS256: [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, 'RSASSA-PKCS1-v1_5'],
  EdDSA: [{ name: 'Ed25519' }, 'Ed25519'],
}

// verify returns whether a published key made the signature, and a sentence about it.
async function verify(token) {
  const [header, payload, signature] = token.split('.')
  const { alg, kid } = json(header)
  if (!algorithms[alg]) return [false, `${alg} has no public key: only the server can check this token.`]
  const { keys } = await (await fetch('/.well-known/jwks.json')).json()
  const jwk = keys.find((key) => key.kid === kid)
  if (!jwk) return [false, 'The key is no longer published.']
  const [forImport, forVerify] = algorithms[alg]
  const key = await crypto.subtle.importKey('jwk', jwk, forImport, false, ['verify'])
  const valid = await crypto.subtle.verify(forVerify, key, decode(signature), new TextEncoder().encode(header + '.' + payload))
  return valid ? [true, `Signature checked here, in the browser, with the published key (${alg}).`] : [false, 'The signature is wrong.']
}

const claims = {
  iss: 'Who made the token', sub: 'The user’s id', aud: 'Who the token is for', iat: 'When it was made', nbf: 'Not valid before',
  exp: 'When it expires', jti: 'The token’s own id', sid: 'The session', scope: 'What it is for', roles: 'Role, and the type of the selected account',
  org: 'The selected organization', amr: 'How the user was authenticated', auth_time: 'When the user signed in', act: 'Who acts as this user',
}
const times = ['iat', 'nbf', 'exp', 'auth_time']

let ticking
// showToken shows a decoded token; without one it says what will be there.
export function showToken(token) {
  clearInterval(ticking)
  if (!token) {
    show($('token'), el('h2', {}, 'Access token'), el('p', { class: 'empty' }, 'Sign in to see it decoded, with its claims and the time it has left.'), el('h3', { class: 'label' }, 'What a sign-in does'),
      el('ol', { class: 'steps' }, [
        'Reads the user and the counters of failed attempts in one step. Over a limit, it ends here, before any hash.',
        'Counts the attempt, and verifies one hash: the user’s, or a decoy for an unknown address, so that both take as long.',
        'Asks the gates: is the user ready, does the role qualify, is a second factor due?',
        'Signs a token, opens a session, and writes one audit record.',
        'Answers in the words of the contract that your clients already speak.',
      ].map((step) => el('li', {}, step))))
    return
  }
  const [header, payload, signature] = token.split('.')
  const body = json(payload)
  const left = el('span')
  const bar = el('i')
  const tick = () => {
    const rest = body.exp - Date.now() / 1000
    left.textContent = rest > 0 ? `${span(rest)} left` : 'Expired'
    bar.style.transform = `scaleX(${Math.max(0, Math.min(1, rest / (body.exp - body.iat)))})`
  }
  tick()
  ticking = setInterval(tick, 1000)
  const signed = el('p', {}, el('small', {}, 'Checking the signature …'))
  verify(token).then(([good, text]) => show(signed, el('span', { class: 'pill ' + (good ? 'good' : 'bad') }, good ? 'Valid' : 'Not checked'), ' ', el('small', {}, text)),
    () => show(signed, el('small', {}, 'This browser cannot check the signature.')))
  show($('token'),
    el('h2', {}, 'Access token'),
    el('p', { class: 'jwt', tabindex: 0, role: 'region', 'aria-label': 'The token: header, payload and signature' },
      el('span', {}, header), el('span', {}, '.'), el('span', {}, payload), el('span', {}, '.'), el('span', {}, signature)),
    el('div', { class: 'left' }, el('span', { class: 'bar', 'aria-hidden': 'true' }, bar), left),
    signed,
    el('table', { class: 'claims' }, el('caption', { class: 'unseen' }, 'Claims'), el('tbody', {}, Object.entries({ ...json(header), ...body }).map(([name, value]) => el('tr', {},
      el('td', {}, name),
      el('td', {}, times.includes(name) ? clock(value * 1000) : typeof value === 'string' ? value : JSON.stringify(value)),
      el('td', {}, { typ: 'The kind of token', alg: 'The signature’s algorithm', kid: 'The key that signed it', ...claims }[name] ?? ''))))))
}
