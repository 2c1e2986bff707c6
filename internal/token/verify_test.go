package token_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/token"
)

const goodClaims = `{"iss":"https://login.example.com","sub":"user-1","aud":"api","iat":1795262400,"nbf":1795262400,` +
	`"exp":1795266000,"jti":"jti-1","sid":"sid-1","scope":"user","roles":["admin"]}`

func (f forger) header() string {
	return fmt.Sprintf(`{"typ":"JWT","alg":%q,"kid":%q}`, f.alg, f.kid)
}

// claimed replaces members of the good claims, given as pairs of old and new text.
func claimed(pairs ...string) string {
	replaced := strings.NewReplacer(pairs...).Replace(goodClaims)
	if replaced == goodClaims {
		panic("nothing to replace: the test would prove nothing")
	}
	return replaced
}

func wantInvalid(t *testing.T, k *token.Keyring, raw string) {
	t.Helper()
	c, err := k.Verify(t.Context(), raw)
	if !errors.Is(err, token.ErrInvalidToken) || errors.Is(err, auth.ErrUnavailable) {
		t.Fatalf("got %+v, %v; want ErrInvalidToken", c, err)
	}
	if c.Subject != "" || c.Roles != nil {
		t.Errorf("claims beside the error: %+v", c)
	}
	for _, part := range strings.Split(raw, ".") {
		if len(part) > 8 && strings.Contains(err.Error(), part) {
			t.Errorf("the error quotes the token: %v", err)
		}
	}
}

// TestVerifyTakes promises what a good token may look like; it is also what shows that the forgeries below fail
// for their one fault.
func TestVerifyTakes(t *testing.T) {
	for _, a := range all {
		t.Run(string(a), func(t *testing.T) {
			k, f := newKeyring(t, a), newForger(t, document(t, a))
			for name, payload := range map[string]string{
				"as issued":            goodClaims,
				"space":                " {" + goodClaims[1:] + "\n",
				"aud array":            claimed(`"api"`, `["else","api"]`),
				"more scopes":          claimed(`"user"`, `"admin user"`),
				"members unknown":      claimed(`{"iss"`, `{"SUB":"x","Exp":1,"email":null,"iss"`),
				"without nbf":          claimed(`"nbf":1795262400,`, ``),
				"without roles":        claimed(`,"roles":["admin"]`, ``),
				"fractions":            claimed(`1795266000`, `1795266000.75`, `"iat":1795262400`, `"iat":1.7952624005e9`),
				"issued 30 s ahead":    claimed(`1795262400`, `1795262430`),
				"last second":          claimed(`1795266000`, `1795262401`),
				"90 days":              claimed(`1795266000`, `1803038400`),
				"impersonation":        claimed(`"jti"`, `"act":{"sub":"user-2","act":{"sub":"user-3"}},"jti"`),
				"escaped member names": claimed(`"sub"`, `"\u0073ub"`),
			} {
				if c, err := k.Verify(t.Context(), f.token(f.header(), payload)); err != nil || c.Subject != "user-1" {
					t.Errorf("%s: %+v, %v", name, c, err)
				}
			}
			attributes := `{"jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example","x5c":[1],"x5u":null,` + f.header()[1:]
			if _, err := k.Verify(t.Context(), f.token(attributes, goodClaims)); err != nil {
				t.Errorf("unused header members: %v", err)
			}
		})
	}
}

// TestForgedClaims promises that a signature alone does not make a token good. All of these are signed by the real key.
func TestForgedClaims(t *testing.T) {
	for _, a := range []jwk.Algorithm{jwk.ES256, jwk.HS256} {
		k, f := newKeyring(t, a), newForger(t, document(t, a))
		for name, payload := range map[string]string{
			"empty": "", "null": "null", "array": "[]", "number": "5", "text": `"sub"`, "no members": "{}",
			"trailing value":     goodClaims + "{}",
			"trailing text":      goodClaims + " x",
			"cut":                goodClaims[:len(goodClaims)-1],
			"not UTF-8":          claimed(`user-1`, "user-1\xff"),
			"lone surrogate":     claimed(`user-1`, `user-1\ud800`),
			"duplicate sub":      claimed(`"sub"`, `"sub":"root","sub"`),
			"duplicate exp":      claimed(`"exp"`, `"exp":1,"exp"`),
			"duplicate, escaped": claimed(`"sub"`, `"\u0073ub":"root","sub"`),
			"duplicate, unknown": claimed(`"sub"`, `"x":1,"x":2,"sub"`),
			"duplicate, deep":    claimed(`"jti"`, `"act":{"sub":"a","sub":"b"},"jti"`),
			"iss missing":        claimed(`"iss":"https://login.example.com",`, ``),
			"iss of another":     claimed(`login.example.com`, `login.example.org`),
			"iss with a slash":   claimed(`login.example.com`, `login.example.com/`),
			"iss null":           claimed(`"https://login.example.com"`, `null`),
			"iss array":          claimed(`"https://login.example.com"`, `["https://login.example.com"]`),
			"ISS":                claimed(`"iss"`, `"ISS"`),
			"aud missing":        claimed(`"aud":"api",`, ``),
			"aud of another":     claimed(`"api"`, `"apis"`),
			"aud null":           claimed(`"api"`, `null`),
			"aud empty":          claimed(`"api"`, `""`),
			"aud empty array":    claimed(`"api"`, `[]`),
			"aud with a number":  claimed(`"api"`, `["api",1]`),
			"aud object":         claimed(`"api"`, `{"api":true}`),
			"aud Aud":            claimed(`"aud"`, `"Aud"`),
			"sub missing":        claimed(`"sub":"user-1",`, ``),
			"sub empty":          claimed(`"user-1"`, `""`),
			"sub null":           claimed(`"user-1"`, `null`),
			"sub number":         claimed(`"user-1"`, `1`),
			"Sub":                claimed(`"sub"`, `"Sub"`),
			"sub, long s":        claimed(`"sub"`, `"\u017fub"`),
			"exp missing":        claimed(`"exp":1795266000,`, ``),
			"exp 0":              claimed(`1795266000`, `0`),
			"exp negative":       claimed(`1795266000`, `-1`),
			"exp now":            claimed(`1795266000`, `1795262400`),
			"exp past":           claimed(`1795266000`, `1795262399`),
			"exp null":           claimed(`1795266000`, `null`),
			"exp text":           claimed(`1795266000`, `"1795266000"`),
			"exp huge text":      claimed(`1795266000`, `"9999999999"`),
			"exp true":           claimed(`1795266000`, `true`),
			"exp array":          claimed(`1795266000`, `[1795266000]`),
			"exp endless":        claimed(`1795266000`, `1e999`),
			"exp far":            claimed(`1795266000`, `9999999999`),
			"exp 90 days, 31 s":  claimed(`1795266000`, `1803038431`),
			"exp hex":            claimed(`1795266000`, `0x6B01E5D0`),
			"EXP":                claimed(`"exp"`, `"EXP"`),
			"iat missing":        claimed(`"iat":1795262400,`, ``),
			"iat null":           claimed(`"iat":1795262400`, `"iat":null`),
			"iat text":           claimed(`"iat":1795262400`, `"iat":"1795262400"`),
			"iat 0":              claimed(`"iat":1795262400`, `"iat":0`),
			"iat ahead":          claimed(`"iat":1795262400`, `"iat":1795262431`),
			"iat far ahead":      claimed(`"iat":1795262400`, `"iat":9999999999`, `1795266000`, `9999999999`),
			"iat endless past":   claimed(`"iat":1795262400`, `"iat":-1e308`),
			"nbf ahead":          claimed(`"nbf":1795262400`, `"nbf":1795262431`),
			"nbf text":           claimed(`"nbf":1795262400`, `"nbf":"1795262400"`),
			"nbf null":           claimed(`"nbf":1795262400`, `"nbf":null`),
			"scope missing":      claimed(`"scope":"user",`, ``),
			"scope empty":        claimed(`"scope":"user"`, `"scope":""`),
			"scope of another":   claimed(`"scope":"user"`, `"scope":"users superuser"`),
			"scope by tab":       claimed(`"scope":"user"`, `"scope":"user\tadmin"`),
			"scope array":        claimed(`"scope":"user"`, `"scope":["user"]`),
			"roles text":         claimed(`["admin"]`, `"admin"`),
			"roles of numbers":   claimed(`["admin"]`, `[1]`),
			"act without sub":    claimed(`"jti"`, `"act":{},"jti"`),
			"act text":           claimed(`"jti"`, `"act":"root","jti"`),
			"jti number":         claimed(`"jti-1"`, `1`),
			"sid object":         claimed(`"sid-1"`, `{}`),
		} {
			t.Run(string(a)+"/"+name, func(t *testing.T) { wantInvalid(t, k, f.token(f.header(), payload)) })
		}
	}
}

// TestForgedHeader promises the same for headers; these, too, are signed by the real key wherever it can sign.
func TestForgedHeader(t *testing.T) {
	for _, a := range all {
		k, f := newKeyring(t, a), newForger(t, document(t, a))
		with := func(old, new string) string {
			return strings.Replace(f.header(), old, new, 1)
		}
		kid := `"kid":"` + f.kid + `"`
		for name, header := range map[string]string{
			"null": "null", "array": "[]", "text": `"JWT"`, "empty": "",
			"trailing":        f.header() + "{}",
			"alg none":        with(f.alg, "none"),
			"alg None":        with(f.alg, "None"),
			"alg lower":       with(f.alg, strings.ToLower(f.alg)),
			"alg sibling":     with(f.alg, f.alg[:2]+"384"),
			"alg PS256":       with(f.alg, "PS256"),
			"alg missing":     with(`"alg":"`+f.alg+`",`, ""),
			"alg null":        with(`"`+f.alg+`"`, "null"),
			"alg number":      with(`"`+f.alg+`"`, "256"),
			"Alg":             with(`"alg"`, `"Alg"`),
			"duplicate alg":   with(`"alg"`, `"alg":"none","alg"`),
			"typ missing":     with(`"typ":"JWT",`, ""),
			"typ null":        with(`"JWT"`, "null"),
			"typ at+jwt":      with("JWT", "at+jwt"),
			"typ lower":       with("JWT", "jwt"),
			"typ number":      with(`"JWT"`, "1"),
			"kid missing":     with(","+kid, ""),
			"kid unknown":     with(f.kid, "elsewhere"),
			"kid empty":       with(f.kid, ""),
			"kid null":        with(kid, `"kid":null`),
			"kid number":      with(kid, `"kid":5`),
			"kid object":      with(kid, `"kid":{"a":[]}`),
			"kid array":       with(kid, `"kid":["`+f.kid+`"]`),
			"kid true":        with(kid, `"kid":true`),
			"kid a path":      with(f.kid, "../../../../dev/null"),
			"kid a URL":       with(f.kid, "https://evil.example/jwks.json"),
			"kid a query":     with(f.kid, "' OR '1'='1"),
			"kid long":        with(f.kid, strings.Repeat("k", 4000)),
			"kid prefix":      with(f.kid, f.kid[:10]),
			"duplicate kid":   with(`"kid"`, `"kid":"elsewhere","kid"`),
			"Kid":             with(`"kid"`, `"Kid"`),
			"crit":            with(`{`, `{"crit":["exp"],"exp":1,`),
			"crit empty":      with(`{`, `{"crit":[],`),
			"crit null":       with(`{`, `{"crit":null,`),
			"crit b64":        with(`{`, `{"crit":["b64"],"b64":false,`),
			"b64 false":       with(`{`, `{"b64":false,`),
			"b64 true":        with(`{`, `{"b64":true,`),
			"not UTF-8":       with(`{`, "{\"x\":\"\xff\","),
			"kid and a value": with(kid, kid+`,"alg":"none"`),
		} {
			t.Run(string(a)+"/"+name, func(t *testing.T) { wantInvalid(t, k, f.token(header, goodClaims)) })
		}
	}
}

// TestForgedSignature promises that nobody but the key's holder makes a token, whatever they claim to sign with.
func TestForgedSignature(t *testing.T) {
	for _, a := range all {
		t.Run(string(a), func(t *testing.T) {
			k, f := newKeyring(t, a), newForger(t, document(t, a))
			good := f.token(f.header(), goodClaims)
			part := strings.Split(good, ".")
			other, err := keyring.New(jwk.ES256, now)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := other.Marshal()
			stranger := newForger(t, text)
			hs := fmt.Sprintf(`{"typ":"JWT","alg":"HS256","kid":%q}`, f.kid)
			forged := map[string]string{
				"none":            encode([]byte(strings.Replace(f.header(), f.alg, "none", 1))) + "." + part[1] + ".",
				"no signature":    part[0] + "." + part[1] + ".",
				"payload swapped": part[0] + "." + encode([]byte(claimed("user-1", "user-2"))) + "." + part[2],
				"another's key":   stranger.token(f.header(), goodClaims),
				"cut short":       good[:len(good)-4],
				"twice":           good + part[2],
				"zeros":           part[0] + "." + part[1] + "." + encode(make([]byte, len(decode(t, part[2])))),
				"next key's kid":  f.token(strings.Replace(f.header(), f.kid, authtest.DecodeRing(t, document(t, a)).Next, 1), goodClaims),
			}
			for i, key := range publicForms(t, f) {
				forged[fmt.Sprintf("HS256 with the public key %d", i)] = forger{sign: func(b []byte) []byte { return hmacSum(key, b) }}.token(hs, goodClaims)
			}
			for name, raw := range forged {
				t.Run(name, func(t *testing.T) { wantInvalid(t, k, raw) })
			}
			if _, err := k.Verify(t.Context(), good); err != nil {
				t.Errorf("the token they were made from: %v", err)
			}
		})
	}
}

// publicForms are the texts of a public key that a confused verifier might take for an HMAC secret.
func publicForms(t *testing.T, f forger) [][]byte {
	t.Helper()
	if f.alg == "HS256" {
		return [][]byte{nil, {0}}
	}
	der, err := x509.MarshalPKIXPublicKey(f.public)
	if err != nil {
		t.Fatal(err)
	}
	forms := [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil}
	switch k := f.public.(type) {
	case *rsa.PublicKey:
		forms = append(forms, k.N.Bytes())
	case *ecdsa.PublicKey:
		point, _ := k.Bytes()
		forms = append(forms, point)
	}
	return forms
}

// TestECDSAEncodings promises that only the fixed-length form of RFC 7518 3.4 is a signature, not DER and not r or s out of range.
func TestECDSAEncodings(t *testing.T) {
	k, f := newKeyring(t, jwk.ES256), newForger(t, document(t, jwk.ES256))
	signed := encode([]byte(f.header())) + "." + encode([]byte(goodClaims))
	sig := f.sign([]byte(signed))
	order, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	tooLarge := new(big.Int).Add(order, big.NewInt(1)).FillBytes(make([]byte, 32))
	der := append([]byte{0x30, 0x44, 2, 32}, append(append(slices.Clone(sig[:32]), 2, 32), sig[32:]...)...)
	for name, bad := range map[string][]byte{
		"DER":       der,
		"padded":    append(append([]byte{0}, sig[:32]...), append([]byte{0}, sig[32:]...)...),
		"s is zero": append(slices.Clone(sig[:32]), make([]byte, 32)...),
		"r too big": append(slices.Clone(tooLarge), sig[32:]...),
	} {
		t.Run(name, func(t *testing.T) { wantInvalid(t, k, signed+"."+encode(bad)) })
	}
}

// TestOneSpelling promises that a token has one spelling: any character changed, added or left out, it is another
// token and refused. That covers unused bits, padding, line breaks and the standard alphabet.
func TestOneSpelling(t *testing.T) {
	for _, a := range []jwk.Algorithm{jwk.HS256, jwk.EdDSA} { // their signatures have unused bits, and are unique
		k := newKeyring(t, a)
		good := sign(t, k, claims())
		for i := range len(good) + 1 {
			for _, insert := range []string{"\r", "\n", "=", " ", "A", "."} {
				wantInvalid(t, k, good[:i]+insert+good[i:])
			}
			if i == len(good) {
				break
			}
			wantInvalid(t, k, good[:i]+good[i+1:])
			for _, c := range []byte{good[i] ^ 1, '+', '/', 0, 0xff} {
				wantInvalid(t, k, good[:i]+string([]byte{c})+good[i+1:])
			}
		}
	}
}

// TestSignedSpelling promises the same where the key's holder signed a second spelling.
func TestSignedSpelling(t *testing.T) {
	k, f := newKeyring(t, jwk.HS256), newForger(t, document(t, jwk.HS256))
	header, payload := encode([]byte(f.header()+" ")), encode([]byte(goodClaims+"  "))
	if len(header)%4 == 0 || len(payload)%4 == 0 {
		t.Fatal("these lengths leave no unused bits")
	}
	stray := func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }
	for name, signed := range map[string]string{
		"header with stray bits":  stray(header) + "." + payload,
		"payload with stray bits": header + "." + stray(payload),
		"header padded":           header + "=." + payload,
		"payload padded":          header + "." + payload + "=",
		"payload with LF":         header + "." + payload[:8] + "\n" + payload[8:],
		"payload empty":           header + ".",
	} {
		t.Run(name, func(t *testing.T) { wantInvalid(t, k, signed+"."+encode(f.sign([]byte(signed)))) })
	}
	if _, err := k.Verify(t.Context(), header+"."+payload+"."+encode(f.sign([]byte(header+"."+payload)))); err != nil {
		t.Errorf("the one spelling: %v", err)
	}
}

// TestUnusedBits promises that each of the spellings that lenient base64 takes for the same signature is refused.
func TestUnusedBits(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, a := range all {
		k := newKeyring(t, a)
		good := sign(t, k, claims())
		last := strings.IndexByte(alphabet, good[len(good)-1])
		for bits := 1; bits < 4; bits++ {
			wantInvalid(t, k, good[:len(good)-1]+string(alphabet[last^bits]))
		}
	}
}

// TestForm promises a refusal of text that is not a token, within the size limit and beyond it.
func TestForm(t *testing.T) {
	k, f := newKeyring(t, jwk.HS256), newForger(t, document(t, jwk.HS256))
	good := f.token(f.header(), goodClaims)
	longer := func(n int) string { return claimed(`"jti"`, `"pad":"`+strings.Repeat("x", n)+`","jti"`) }
	for name, raw := range map[string]string{
		"empty": "", "dots": "..", "one part": "e30", "two parts": "e30.e30", "four parts": good + ".e30",
		"five parts":  "e30.e30.e30.e30.e30",
		"many dots":   strings.Repeat(".", 8192),
		"Bearer":      "Bearer " + good,
		"quoted":      `"` + good + `"`,
		"trailing LF": good + "\n",
		"over 8 KiB":  f.token(f.header(), longer(6000)),
		"1 MiB":       strings.Repeat("A", 1<<20),
		"deep":        f.token(f.header(), strings.Repeat("[", 6000)),
		"deep header": encode([]byte(strings.Repeat(`{"a":`, 1200))) + ".e30.AA",
		"NUL":         "\x00.\x00.\x00",
	} {
		t.Run(name, func(t *testing.T) { wantInvalid(t, k, raw) })
	}
	if raw := f.token(f.header(), longer(5500)); len(raw) > 8192 {
		t.Fatal("the token to accept is too long itself")
	} else if _, err := k.Verify(t.Context(), raw); err != nil {
		t.Errorf("a long token under 8 KiB: %v", err)
	}
}

// TestNothingConfigured promises that an empty issuer or audience opens nothing.
func TestNothingConfigured(t *testing.T) {
	f := newForger(t, document(t, jwk.HS256))
	clock := func() time.Time { return now }
	for name, c := range map[string]token.Config{
		"no issuer": {Audience: "api", Now: clock}, "no audience": {Issuer: "https://login.example.com", Now: clock},
	} {
		k := token.NewKeyring(&source{text: document(t, jwk.HS256)}, keyring.Parse, c)
		payload := claimed(`"https://login.example.com"`, `""`)
		if c.Audience == "" {
			payload = claimed(`"api"`, `""`)
		}
		t.Run(name, func(t *testing.T) { wantInvalid(t, k, f.token(f.header(), payload)) })
	}
}
