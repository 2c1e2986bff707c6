// Passkeys: the options and answers of WebAuthn in their JSON form (WebAuthn Level 3).
const failed = (error) => new Error(error.name === 'NotAllowedError' ? 'The browser was not allowed to use a passkey, or nobody answered.' : error.message)

export async function assertion(options) {
  try {
    const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
    return credential.toJSON()
  } catch (error) { throw failed(error) }
}

export async function attestation(options) {
  try {
    const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    return credential.toJSON()
  } catch (error) { throw failed(error) }
}
