package authorizer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/authorizer"
	"latchkey/internal/token"
)

// gatewayEvent is as long as events are on AWS: headers of a browser, a request context.
func gatewayEvent(raw string) object {
	return changed(changed(http2(object{
		"accept": "application/json", "accept-encoding": "gzip, deflate, br", "accept-language": "en-GB,en;q=0.9",
		"authorization": "Bearer " + raw, "content-length": "0", "host": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
		"origin": "https://app.example.com", "referer": "https://app.example.com/", "sec-fetch-dest": "empty",
		"sec-fetch-mode": "cors", "sec-fetch-site": "same-site", "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
		"user-agent":      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
		"x-forwarded-for": "205.255.255.176", "x-forwarded-port": "443", "x-forwarded-proto": "https",
	}), "identitySource", []string{"Bearer " + raw}), "requestContext", object{
		"accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
		"domainPrefix": "a1b2c3d4e5", "requestId": "JKJaXmPLvHcESHA=", "routeKey": "GET /orders/{id}", "stage": "prod",
		"http": object{"method": "GET", "path": "/orders/7", "protocol": "HTTP/1.1", "sourceIp": "205.255.255.176", "userAgent": "curl"},
		"time": "10/Mar/2020:05:16:23 +0000", "timeEpoch": 1583817383220,
	})
}

// overPublicKeys is the authorizer as it is deployed: it has only the public keys.
func overPublicKeys(t testing.TB, k *kit) (*authorizer.Authorizer, []byte) {
	t.Helper()
	jwks, err := k.ring.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	k.config.Tokens = token.NewVerifier(fixed(jwks), k.tokens())
	return authorizer.New(k.config), jwks
}

// TestAllocations promises that a whole decision, event and answer included, costs at most 60 allocations.
func TestAllocations(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("with -race pools forget at random, and what is pooled counts")
	}
	k := newKit(t, authorizer.Bounded)
	a, _ := overPublicKeys(t, k)
	event := encode(t, gatewayEvent(k.raw))
	if got := testing.AllocsPerRun(100, func() {
		if answer, err := a.Invoke(t.Context(), event); err != nil || string(answer) != simple {
			t.Fatalf("%s, %v", answer, err)
		}
	}); got > 60 {
		t.Errorf("%v allocations, want 60 at most", got)
	}
}

// BenchmarkInvoke measures a whole decision, and by "x-bare" how often the bare check of the signature fits into it.
func BenchmarkInvoke(b *testing.B) {
	k := newKit(b, authorizer.Bounded)
	a, jwks := overPublicKeys(b, k)
	event := encode(b, gatewayEvent(k.raw))
	bare := bareCheck(b, jwks, k.raw)
	decide := func() {
		if _, err := a.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
	best, bestBare := time.Hour, time.Hour
	for range 200 { // alternately and the fastest of each, so that a busy machine does not decide it
		best, bestBare = min(best, timed(decide)), min(bestBare, timed(bare))
	}
	b.ReportAllocs()
	for b.Loop() {
		decide()
	}
	b.ReportMetric(float64(best)/float64(bestBare), "x-bare")
	b.ReportMetric(float64(bestBare)/10, "ns-bare")
}

func timed(f func()) time.Duration {
	start := time.Now()
	for range 10 {
		f()
	}
	return time.Since(start)
}

// bareCheck verifies the token's ES256 signature by the standard library and does nothing else.
func bareCheck(b *testing.B, jwks []byte, raw string) func() {
	var set struct{ Keys []struct{ X, Y string } }
	if err := json.Unmarshal(jwks, &set); err != nil {
		b.Fatal(err)
	}
	decode := func(s string) []byte {
		text, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	point := append(append([]byte{4}, decode(set.Keys[0].X)...), decode(set.Keys[0].Y)...)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		b.Fatal(err)
	}
	dot := strings.LastIndexByte(raw, '.')
	signed, signature := []byte(raw[:dot]), decode(raw[dot+1:])
	return func() {
		sum := sha256.Sum256(signed)
		if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			b.Fatal("bare verification fails")
		}
	}
}
