/** What every call returns: the members of the answer's JSON, and how it went. */
export interface Answer {
  /** The call succeeded. */
  ok: boolean
  /** The HTTP status; 0 if the service could not be reached, or the person closed the browser's dialog. */
  status: number
  /** How many seconds to wait before another attempt; 0 if the service asks for none. */
  wait: number
  /** The user has to sign in again first, with stepUp and with a factor if they have one (RFC 9470). */
  stepUp: boolean
  /** The person closed the browser's passkey dialog, or the browser refused it. */
  canceled?: boolean
  /** Why the call was refused, in words for the user. */
  message?: string
}

/** Comes in place of a session when the password was right and a second factor is needed. */
export interface Challenge {
  id: string
  /** What the user can prove: empty if they have to set up a factor first. */
  methods: ('totp' | 'recovery' | 'passkey')[]
  /** The user has to set up a factor: pass the challenge to addApp and confirmApp, or to addPasskey. */
  enroll?: boolean
  /** Seconds until the challenge is worthless. */
  expiresIn: number
  /** What provePasskey hands to the browser, if the user has a passkey. */
  publicKey?: PublicKeyCredentialRequestOptionsJSON
}

export interface SignIn extends Answer {
  challenge?: Challenge
  /** Shown once, when the sign-in set up the user's first factor. */
  recoveryCodes?: string[]
}

export interface SignInOptions {
  username: string
  password: string
  /** A code of the user's app, or a recovery code, to save the second call. */
  code?: string
  /** Remember this device after the factor, so that the next sign-in asks only for the password. */
  remember?: boolean
  /** Ask for the factor even on a remembered device. */
  stepUp?: boolean
}

/** The user's profile, as GET /api/users/me answers it. */
export interface User {
  _id: string
  username: string
  role?: string
  name?: string
  lastName?: string
  fullName?: string
  /** Seconds until the access token expires; the client refreshes before. */
  expires_in: number
  [member: string]: unknown
}

export interface Factor {
  id: string
  kind: 'totp' | 'passkey'
  name?: string
  createdAt: string
  lastUsedAt?: string
}

export interface Factors extends Answer {
  factors?: Factor[]
  /** How many recovery codes are left. */
  recoveryCodes?: number
}

/** A new authenticator app that waits for its first code. */
export interface PendingApp extends Answer {
  id?: string
  /** The seed in base32, for typing. */
  secret?: string
  /** The same for an app, otpauth://… */
  uri?: string
  /** The same as a QR code: an SVG image. */
  qr?: string
}

export interface FactorAdded extends SignIn {
  id?: string
}

export class Latchkey {
  /**
   * @param api The base URL of Latchkey, without a slash at the end.
   * @param onchange Called with true or false when another tab signs in or out, and with false when the session has ended.
   */
  constructor(api: string, onchange?: (signedIn: boolean) => void)

  signIn(options: SignInOptions): Promise<SignIn>
  proveCode(challenge: Challenge, code: string, remember?: boolean): Promise<SignIn>
  provePasskey(challenge: Challenge, remember?: boolean): Promise<SignIn>
  signInWithPasskey(options?: Omit<CredentialRequestOptions, 'publicKey'>): Promise<SignIn>

  user(): Promise<User | null>
  refresh(): Promise<boolean>
  signOut(options?: { everywhere?: boolean }): Promise<Answer>
  fetch(url: string, options?: RequestInit): Promise<Response>

  factors(): Promise<Factors>
  addApp(name?: string, challenge?: Challenge): Promise<PendingApp>
  confirmApp(id: string, code: string, challenge?: Challenge): Promise<FactorAdded>
  addPasskey(name?: string, challenge?: Challenge): Promise<FactorAdded>
  removeFactor(id: string): Promise<Answer>

  /** Any call below /api/users, with a JSON body for POST. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, challenge?: Challenge): Promise<Answer & Record<string, unknown>>
}
