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

// wellFormed matches the documented spellings, written independently of the parsers.
func wellFormed() *regexp.Regexp {
	const (
		b64, b64Padded, b64Passlib, hexadecimal = `[A-Za-z0-9+/]+`, `[A-Za-z0-9+/]+={0,2}`, `[A-Za-z0-9./]+`, `[0-9a-f]+`
		crypt64                                 = `[./0-9A-Za-z]`
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
		`\$wp\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}`,
		`\$scrypt\$(n=[1-9]\d{0,5}|ln=\d+|r=` + upTo32 + `|p=` + upTo16 + `)(,(n=[1-9]\d{0,5}|ln=\d+|r=` + upTo32 + `|p=` + upTo16 + `)){2}\$` + b64 + `\$` + b64,
		`(argon2)?\$argon2id?\$v=19\$(m=[1-9]\d{0,5}|[tp]=` + upTo16 + `)(,(m=[1-9]\d{0,5}|[tp]=` + upTo16 + `)){2}\$` + b64 + `\$` + b64,
		`\$pbkdf2(-` + function + `)?\$l=[1-9]\d{1,2},i=` + sevenDigits + `\$` + b64 + `\$` + b64,
		`\$fbscrypt\$[vnrp]=\d+(,[vnrp]=\d+){3},ss=(` + b64Padded + `)?,sk=` + b64Padded + `\$` + b64Padded + `\$` + b64Padded,
		`\$7\$` + crypt64 + `{11}` + text + `\$` + crypt64 + `{43}`,
		`\$y\$j[7-9A-F][./0-9A-T]\$` + crypt64 + `{11,}\$` + crypt64 + `{43}`,
		`\$5\$(rounds=[1-9]\d{3,6}\$)?` + text + `\$` + crypt64 + `{43}`,
		`\$6\$(rounds=[1-9]\d{3,6}\$)?` + text + `\$` + crypt64 + `{86}`,
		`U?\$[PH]\$[5-9A-I][!-#%-~]{8}` + crypt64 + `{22}`,
		`U?\$S\$[5-9A-I][!-#%-~]{8}` + crypt64 + `{43}`,
		`s2:[0-9A-Za-z]{8,}:[0-9a-f]{128}`, `([0-9A-Za-z]{16}){1,2}:[0-9a-f]{128}`,
	}, "|") + `)$`)
}

// affordable matches hashes that are cheap to compute.
func affordable() *regexp.Regexp {
	return regexp.MustCompile(`^(` + strings.Join([]string{
		`(argon2)?\$argon2id?\$v=19\$([tp]=\d+,)*m=\d{1,3}[,$]`,
		`(bcrypt(_sha256)?\$|\$wp)?\$2.\$0[45]`,
		`\$7\$[/0-2][./0-9A-Z]\.{4}[./0-9]\.{4}`, `\$y\$j[78][./0-5]`, `\$[56]\$rounds=\d{4}\$`, `\$[56]\$[^r]`, `U?\$[PHS]\$[5-9]`,
		`\$scrypt\$(r=\d+,|p=\d+,)*(ln=[1-4]|n=\d{1,2})[,$]`, `\$fbscrypt\$v=1,n=[1-4],`, `scrypt[$:]\d{1,2}[$:]`,
		`\$?pbkdf2[-_:a-z0-9]*[:$](i=)?\d{1,4}[,$]`,
		`AQAAAA[AEI]AAA`, `A[A-P]`, // these are 12 zero bits above the rounds, and version 2
	}, "|") + `)`)
}

// FuzzVerifyStored promises that Check accepts only documented spellings, that no text matches a password it was not made for, and
// that Scramble accepts what Check does and returns what Check accepts. It computes only cheap hashes: it is about parsing.
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

// FuzzCaps promises that foreign hashes are accepted exactly if their costs and sizes are within the documented caps, whatever
// wraps or overflows.
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
			{fmt.Sprintf("$scrypt$p=%d,n=%d,r=%d$%s$%s", p, n, r, raw64, digest64), decimal},
			{fmt.Sprintf("$5$rounds=%d$%s$%s", n, text, strings.Repeat(".", 43)), n >= 1000 && n <= 1_000_000 && saltSize >= 1 && saltSize <= 16},
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

// FuzzImport promises that Import returns what Check accepts, and returns that unchanged when given it again.
func FuzzImport(f *testing.F) {
	for _, test := range unwrapped() {
		f.Add(test.text)
	}
	for _, test := range wrappedHostile() {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stored, err := password.Import(text)
		if err != nil {
			return
		}
		if err := password.Check(stored); err != nil {
			t.Errorf("Import(%q) = %q, which Check refuses: %v", text, stored, err)
		}
		if again, err := password.Import(stored); again != stored || err != nil {
			t.Errorf("Import(%q) = %q, and of that %q (error %v)", text, stored, again, err)
		}
	})
}
