package sqlite

import "context"

const publicKeys = "jwks" // the document's name

// PublicKeys returns the JWKS, or auth.ErrNotFound if none was stored.
func (s *Store) PublicKeys(ctx context.Context) ([]byte, error) {
	jwks, err := readOne(ctx, s.document, scanText, publicKeys)
	if err != nil {
		return nil, failed("read the public keys", err)
	}
	return []byte(jwks), nil
}

// PutPublicKeys replaces the JWKS; it is on disk once confirmed.
func (s *Store) PutPublicKeys(ctx context.Context, jwks []byte) error {
	_, err := s.write(ctx, s.putDocument, publicKeys, string(jwks))
	return failed("put the public keys", err)
}

func scanText(r row) (text string, err error) {
	err = r.Scan(&text)
	return text, err
}
