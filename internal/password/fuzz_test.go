package password_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/password"
)

// wellFormed are the documented spellings, written down a second time.
func wellFormed() *regexp.Regexp {
	const (
		b64, b64Padded, b64Passlib, hexadecimal = `[A-Za-z0-9+/]+`, `[A-Za-z0-9+/]+={0,2}`, `[A-Za-z0-9./]+`, `[0-9a-f]+`
		text, upTo16, upTo32, sevenDigits       = `[!-#%-~]+`, `([1-9]|1[0-6])`, `([1-9]|[12]\d|3[0-2])`, `[1-9]\d{0,6}`
		function                                = `sha(1|256|512)`
	)
	return regexp.MustCompile(`^(` + strings.Join([]string{
		`(argon2)?\$argon2id?\$v=19\$m=[1-9]\d{0,5},t=` + upTo16 + `,p=` + upTo16 + `\$` + b64 + `\$` + b64,
		`(bcrypt(_sha256)?\$)?\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}`,
		`\$scrypt\$ln=([1-9]|1[0-8]),r=` + upTo32 + `,p=` + upTo16 + `\$` + b64 + `\$` + b64,
		`scrypt\$[1-9]\d{0,5}\$` + text + `\$` + upTo32 + `\$` + upTo16 + `\$` + b64Padded,
		`scrypt:[1-9]\d{0,5}:` + upTo32 + `:` + upTo16 + `\$` + text + `\$` + hexadecimal,
		`\$pbkdf2(-` + function + `)?\$i=` + sevenDigits + `(,l=[1-9]\d{1,2})?\$` + b64 + `\$` + b64,
		`\$pbkdf2(-` + function + `)?\$` + sevenDigits + `\$` + b64Passlib + `\$` + b64Passlib,
		`pbkdf2_` + function + `\$` + sevenDigits + `\$` + text + `\$` + b64Padded,
		`pbkdf2:` + function + `:` + sevenDigits + `\$` + text + `\$` + hexadecimal,
		`\$fbscrypt\$v=1,n=([1-9]|1[0-8]),r=` + upTo32 + `,p=` + upTo16 + `,ss=(` + b64Padded + `)?,sk=` + b64Padded + `\$` + b64Padded + `\$` + b64Padded,
		`AQAAAA[AEI]` + b64Padded,
		`A[A-Za-z0-9+/]{65}==`,
	}, "|") + `)$`)
}

// affordable are hashes that cost little to compute.
func affordable() *regexp.Regexp {
	return regexp.MustCompile(`^(` + strings.Join([]string{
		`(argon2)?\$argon2id?\$v=19\$m=\d{1,3},`,
		`(bcrypt(_sha256)?\$)?\$2.\$0[45]`,
		`\$scrypt\$ln=[1-4],`, `\$fbscrypt\$v=1,n=[1-4],`, `scrypt[$:]\d{1,2}[$:]`,
		`\$?pbkdf2[-_:a-z0-9]*[:$](i=)?\d{1,4}[,$]`,
		`AQAAAA[AEI]AAA`, `A[A-P]`, // these are 12 zero bits above the rounds, and version 2
	}, "|") + `)`)
}

// FuzzVerifyStored promises that what Check accepts is of a documented spelling and never matches a password it was not made for,
// and that the rest never matches at all; and that what scrambles is what Check accepts, to what it accepts. Only cheap hashes are computed: what is tried here is the reader.
func FuzzVerifyStored(f *testing.F) {
	for _, test := range append(foreignHostile(), hostile...) {
		if len(test.stored) < 4096 {
			f.Add(test.stored)
		}
	}
	for _, v := range readVectors(f) {
		f.Add(v.Hash)
	}
	for _, v := range readForeign(f) {
		f.Add(v.Hash)
	}
	for _, stored := range foreignTrue() {
		f.Add(stored)
	}
	wellFormed, affordable, hasher := wellFormed(), affordable(), password.New(cheap, 0)
	f.Fuzz(func(t *testing.T, stored string) {
		err := password.Check(stored)
		if err == nil && !wellFormed.MatchString(stored) {
			t.Errorf("Check accepts %q", stored)
		}
		if scrambled, bad := password.Scramble(stored); (bad == nil) != (err == nil) || err == nil && password.Check(scrambled) != nil {
			t.Errorf("%q scrambles to %q (error %v)", stored, scrambled, bad)
		}
		if (err != nil || affordable.MatchString(stored)) && matches(t, hasher, stored, "a password of no seed") {
			t.Errorf("%q matches", stored)
		}
	})
}

// FuzzCaps promises that of foreign hashes, well formed but for their numbers, those are accepted whose costs and sizes are within
// the documented caps, and no others, whatever wraps or overflows.
func FuzzCaps(f *testing.F) {
	for _, seed := range [][5]uint64{
		{1 << 14, 8, 1, 16, 64}, {1 << 18, 8, 4, 1024, 128}, {1 << 18, 8, 5, 16, 64}, {18, 8, 4, 16, 64}, {18, 8, 5, 16, 64}, {1 << 18, 9, 1, 16, 64}, {1 << 16, 32, 16, 8, 16}, {1 << 19, 1, 1, 16, 64},
		{1, 1, 1, 8, 16}, {0, 0, 0, 0, 0}, {1<<32 + 16, 8, 1, 16, 64}, {16, 1<<32 + 8, 1, 16, 64}, {1 << 63, 1 << 63, 1 << 63, 16, 64},
		{5_000_000, 8, 1, 16, 20}, {5_000_001, 8, 1, 16, 20}, {2_500_000, 8, 1, 16, 40}, {2_500_000, 8, 1, 16, 41}, {18, 8, 16, 7, 16}, {64, 8, 1, 1025, 129},
	} {
		f.Add(seed[0], seed[1], seed[2], uint16(seed[3]), uint16(seed[4]))
	}
	f.Fuzz(func(t *testing.T, n, r, p uint64, saltSize, digestSize uint16) {
		saltSize, digestSize = saltSize%1100, digestSize%200
		text, raw, digest := strings.Repeat("s", int(saltSize)), make([]byte, saltSize), make([]byte, digestSize)
		raw64, digest64, b64 := base64.RawStdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(digest), base64.StdEncoding.EncodeToString
		sizes := saltSize >= 8 && saltSize <= 1024 && digestSize >= 16 && digestSize <= 128
		table := r >= 1 && r <= 32 && p >= 1 && p <= 16
		decimal := sizes && table && n >= 2 && n <= 1<<18 && bits.OnesCount64(n) == 1 && n*r <= 1<<21 && n*r*p <= 1<<23
		exponent := sizes && table && n >= 1 && n <= 18 && r<<n <= 1<<21 && r*p<<n <= 1<<23
		rounds := func(size uint16) bool {
			return sizes && n >= 1 && n <= 5_000_000 && n*uint64((digestSize+size-1)/size) <= 5_000_000
		}
		for _, test := range []struct {
			stored string
			want   bool
		}{
			{fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", n, r, p, raw64, digest64), exponent},
			{fmt.Sprintf("scrypt$%d$%s$%d$%d$%s", n, text, r, p, b64(digest)), decimal},
			{fmt.Sprintf("scrypt:%d:%d:%d$%s$%s", n, r, p, text, hex.EncodeToString(digest)), decimal},
			{fmt.Sprintf("$fbscrypt$v=1,n=%d,r=%d,p=%d,ss=,sk=%s$%s$%s", n, r, p, b64(digest), b64(raw), b64(digest)), exponent},
			{fmt.Sprintf("$pbkdf2$%d$%s$%s", n, raw64, digest64), rounds(20)},
			{fmt.Sprintf("$pbkdf2-sha512$i=%d,l=%d$%s$%s", n, digestSize, raw64, digest64), rounds(64)},
			{fmt.Sprintf("pbkdf2_sha256$%d$%s$%s", n, text, b64(digest)), rounds(32)},
			{fmt.Sprintf("pbkdf2:sha1:%d$%s$%s", n, text, hex.EncodeToString(digest)), rounds(20)},
			{b64(aspnet(n, raw, digest)), rounds(32)},
		} {
			if len(test.stored) > 2048 {
				continue // refused for its length
			}
			if err := password.Check(test.stored); (err == nil) != test.want {
				t.Errorf("%.80q: %v, want it accepted: %v", test.stored, err, test.want)
			}
		}
	})
}

func aspnet(rounds uint64, salt, digest []byte) []byte {
	raw := []byte{1}
	for _, number := range []uint32{1, uint32(min(rounds, 1<<32-1)), uint32(len(salt))} {
		raw = binary.BigEndian.AppendUint32(raw, number)
	}
	return append(append(raw, salt...), digest...)
}
