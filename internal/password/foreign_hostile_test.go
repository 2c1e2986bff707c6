package password_test

import (
	"strings"
	"testing"

	"latchkey/internal/password"
)

// True hashes of "password" over the 16 bytes of salt, made with Python's hashlib, so that a reader which is too lenient would
// find a match. The scrypt ones have N 16, r 8 and p 1, the PBKDF2 ones 10 rounds.
const (
	salt16   = "saltsaltsaltsalt"
	scrypt32 = "5f/Vi+XRWGUNGScbsma6KJ4zLFIke/NJsrvr7lQLAyA"
	sha1B64  = "qqKgggka2p0GZzZuhsbFpbr0MV0"
	sha2B64  = "zisGv7w+FNhC/2GFpMypXq9PiqpmiOFenMxxw5CX6JI"
	sha2Hex  = "ce2b06bfbc3e14d842ff6185a4cca95eaf4f8aaa6688e15e9ccc71c39097e892"

	argon2iPHC     = "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$Wb9DOLKUgwlL5fjad9tfCPU0SBAo0PEY/evJRhwtUR0" // its shape alone: the digest is of argon2id
	djangoArgon2   = "argon2" + good
	djangoBcrypt   = "bcrypt$" + bcryptOfPassword
	scryptPHC      = "$scrypt$ln=4,r=8,p=1$" + salt + "$" + scrypt32
	djangoScrypt   = "scrypt$16$" + salt16 + "$8$1$" + scrypt32 + "="
	werkzeugScrypt = "scrypt:16:8:1$" + salt16 + "$e5ffd58be5d158650d19271bb266ba289e332c52247bf349b2bbebee540b0320"
	pbkdf2PHC      = "$pbkdf2-sha256$i=10,l=32$" + salt + "$" + sha2B64
	pbkdf2Passlib  = "$pbkdf2-sha256$10$" + salt + "$zisGv7w.FNhC/2GFpMypXq9PiqpmiOFenMxxw5CX6JI"
	pbkdf2SHA1     = "$pbkdf2$10$" + salt + "$" + sha1B64
	djangoPBKDF2   = "pbkdf2_sha256$10$" + salt16 + "$" + sha2B64 + "="
	werkzeugPBKDF2 = "pbkdf2:sha256:10$" + salt16 + "$" + sha2Hex
	aspnet3        = "AQAAAAEAAAAKAAAAEHNhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg=="
	aspnet2        = "AHNhbHRzYWx0c2FsdHNhbHTYVbD+gLtNCSySLML7zWVaWYUAw/N+5RT2NJ08AtL3kg=="
	firebase       = "$fbscrypt$v=1,n=4,r=8,p=1,ss=Bw==,sk=" + signerKey + "$" + salt + "==$PRRlDQdyullv2afLaB5KDyT0Sv5LAZENCWcFMmZA8Yw="
	signerKey      = "c2lnbmVyIGtleSBvZiAzMiBieXRlcyBpbiBsZW5ndGg="
)

// foreignTrue match "password".
func foreignTrue() []string {
	return []string{djangoArgon2, djangoBcrypt, scryptPHC, djangoScrypt, werkzeugScrypt, pbkdf2PHC, pbkdf2Passlib, pbkdf2SHA1,
		djangoPBKDF2, werkzeugPBKDF2, aspnet3, aspnet2, firebase}
}

func swap(text, old, new string) string { return strings.Replace(text, old, new, 1) }

// foreignHostile are to be refused, as hostile ones are.
func foreignHostile() []struct{ name, stored, reason string } {
	return []struct{ name, stored, reason string }{
		{"phpass", "$P$BabcdefghABCDEFGHIJKLMNOPQRSTUV", "phpass: "},
		{"phpBB's phpass", "$H$9abcdefghABCDEFGHIJKLMNOPQRSTUV", "phpass: "},
		{"apr1", "$apr1$saltsalt$qjXMvbEw8oaLCzflDtaK00", "apr1: "},
		{"SHA-512-crypt", "$6$saltsalt$qjXMvbEw8oaLCzflDtaK00", "SHA-512-crypt: "},
		{"yescrypt", "$y$j9T$saltsalt$qjXMvbEw8oaLCzflDtaK00", "yescrypt: "},
		{"Kratos' Firebase", "$firescrypt$ln=14,r=8,p=1$c2FsdHNhbHQ", "Kratos"},
		{"Django's SHA-1", "sha1$saltsalt$" + sha2Hex, "salted SHA-1: "},
		{"Werkzeug's plain", "plain$$password", "begins with none"},
		{"SHA-256 in hex", sha2Hex, "bare digest in hexadecimal: "},
		{"SHA-256 in upper case", strings.ToUpper(sha2Hex), "bare digest in hexadecimal: "},
		{"upper case", strings.ToUpper(werkzeugPBKDF2), "begins with none"},
		{"Django without its word", djangoPBKDF2[len("pbkdf2_sha256"):], "begins with none"},

		{"argon2i: v=16", swap(argon2iPHC, "v=19", "v=16"), "version"},
		{"argon2i: m over the cap", swap(argon2iPHC, "m=64", "m=262145"), "m is 262145"},
		{"Django's argon2d", swap(djangoArgon2, "2id", "2d"), "argon2d: "},
		{"Django's argon2: no digest", djangoArgon2[:len(djangoArgon2)-len(digest)-1], "4 fields"},
		{"Django's argon2: the word twice", "argon2" + djangoArgon2, "begins with none"},
		{"Django's bcrypt: the word twice", "bcrypt$" + djangoBcrypt, "67 bytes long"},
		{"Django's bcrypt: alone", "bcrypt$", "0 bytes long"},
		{"Django's bcrypt: 2x", swap(djangoBcrypt, "$2b", "$2x"), "version"},
		{"Django's bcrypt: cost 31", swap(djangoBcrypt, "$04", "$31"), "cost is 31"},
		{"Django's bcrypt_sha256: cost 15", "bcrypt_sha256$" + swap(bcryptOfPassword, "$04", "$15"), "cost is 15"},
		{"Django's bcrypt_sha256: another scheme inside", "bcrypt_sha256$" + good[:60], "version"},

		{"scrypt: alone", "$scrypt$", "2 fields"},
		{"scrypt: a field more", scryptPHC + "$", "5 fields"},
		{"scrypt: other order", swap(scryptPHC, "ln=4,r=8", "r=8,ln=4"), "in this order"},
		{"scrypt: ln is N", swap(scryptPHC, "ln=4", "ln=16384"), "binary logarithm"},
		{"scrypt: ln wraps", swap(scryptPHC, "ln=4", "ln=68"), "ln is 68"},
		{"scrypt: ln is 0", swap(scryptPHC, "ln=4", "ln=0"), "ln is 0"},
		{"scrypt: ln over the cap", swap(scryptPHC, "ln=4", "ln=19"), "ln is 19"},
		{"scrypt: r is 0", swap(scryptPHC, "r=8", "r=0"), "r is 0"},
		{"scrypt: r over the cap", swap(scryptPHC, "r=8", "r=33"), "r is 33"},
		{"scrypt: r wraps", swap(scryptPHC, "r=8", "r=4294967304"), "r is far too large"},
		{"scrypt: p is 0", swap(scryptPHC, "p=1", "p=0"), "p is 0"},
		{"scrypt: p over the cap", swap(scryptPHC, "p=1", "p=17"), "p is 17"},
		{"scrypt: memory over the cap", swap(scryptPHC, "ln=4,r=8", "ln=18,r=9"), "294912 KiB"},
		{"scrypt: time over the cap", swap(scryptPHC, "ln=4,r=8,p=1", "ln=18,r=8,p=5"), "r and p is 10485760"},
		{"scrypt: most of all", swap(scryptPHC, "ln=4,r=8,p=1", "ln=18,r=32,p=16"), "1048576 KiB"},
		{"scrypt: salt padded", swap(scryptPHC, salt, salt+"=="), "salt is not base64"},
		{"scrypt: short salt", swap(scryptPHC, salt, "c2FsdHNhbA"), "salt has 7 bytes"},
		{"scrypt: short digest", swap(scryptPHC, scrypt32, scrypt32[:20]), "digest has 15 bytes"},
		{"scrypt: no digest", swap(scryptPHC, scrypt32, ""), "digest has 0 bytes"},

		{"Django's scrypt: fields", djangoScrypt + "$", "7 fields"},
		{"Django's scrypt: N no power", swap(djangoScrypt, "$16$", "$17$"), "N is 17"},
		{"Django's scrypt: N is 0", swap(djangoScrypt, "$16$", "$0$"), "N is 0"},
		{"Django's scrypt: N is 1", swap(djangoScrypt, "$16$", "$1$"), "N is 1,"},
		{"Django's scrypt: N wraps", swap(djangoScrypt, "$16$", "$4294967312$"), "N is far too large"},
		{"Django's scrypt: N over the cap", swap(djangoScrypt, "$16$", "$524288$"), "N is 524288"},
		{"Django's scrypt: N negative", swap(djangoScrypt, "$16$", "$-16$"), "N is not a plain"},
		{"Django's scrypt: digest unpadded", djangoScrypt[:len(djangoScrypt)-1], "digest is not base64"},
		{"Django's scrypt: salt with a space", swap(djangoScrypt, "saltsalt", "salt salt"), "printable ASCII"},
		{"Django's scrypt: salt not ASCII", swap(djangoScrypt, "saltsalt", "sältsalt"), "printable ASCII"},
		{"Django's scrypt: salt not UTF-8", swap(djangoScrypt, "saltsalt", "salt\xffsalt"), "printable ASCII"},
		{"Werkzeug's scrypt: no p", swap(werkzeugScrypt, ":1$", "$"), "not of the form"},
		{"Werkzeug's scrypt: a field more", werkzeugScrypt + "$", "not of the form"},
		{"Werkzeug's scrypt: sign", swap(werkzeugScrypt, ":8:", ":+8:"), "r is not a plain"},
		{"Werkzeug's scrypt: hex in upper case", swap(werkzeugScrypt, "e5ff", "E5FF"), "hexadecimal"},
		{"Werkzeug's scrypt: half a byte", werkzeugScrypt[:len(werkzeugScrypt)-1], "hexadecimal"},

		{"PBKDF2: alone", "$pbkdf2$", "2 fields"},
		{"PBKDF2: no function", swap(pbkdf2PHC, "sha256", ""), "none of sha1"},
		{"PBKDF2: MD5", swap(pbkdf2PHC, "sha256", "md5"), "none of sha1"},
		{"PBKDF2: SHA-224", swap(pbkdf2PHC, "sha256", "sha224"), "none of sha1"},
		{"PBKDF2: case", swap(pbkdf2PHC, "sha256", "SHA256"), "none of sha1"},
		{"PBKDF2: 0 rounds", swap(pbkdf2PHC, "i=10", "i=0"), "it takes 0 rounds"},
		{"PBKDF2: no rounds", swap(pbkdf2PHC, "i=10", "i="), "i is not a plain"},
		{"PBKDF2: rounds over the cap", swap(pbkdf2PHC, "i=10", "i=5000001"), "it takes 5000001 rounds"},
		{"PBKDF2: rounds wrap", swap(pbkdf2PHC, "i=10", "i=4294967306"), "i is far too large"},
		{"PBKDF2: l is another", swap(pbkdf2PHC, "l=32", "l=20"), "l is 20"},
		{"PBKDF2: l twice", swap(pbkdf2PHC, "l=32", "l=32,l=32"), "exactly the parameters"},
		{"PBKDF2: passlib's alphabet", swap(pbkdf2PHC, "w+F", "w.F"), "digest is not base64"},
		{"PBKDF2: SHA-1 of many blocks", "$pbkdf2$1000000$" + salt + "$" + strings.Repeat("AAAA", 42), "for each of 7 blocks"},
		{"passlib: PHC's alphabet", swap(pbkdf2Passlib, "w.F", "w+F"), "passlib's alphabet"},
		{"passlib: leading zero", swap(pbkdf2Passlib, "$10$", "$010$"), "rounds is not a plain"},
		{"passlib: hex rounds", swap(pbkdf2Passlib, "$10$", "$0xa$"), "rounds is not a plain"},
		{"Django's PBKDF2: fields", djangoPBKDF2 + "$", "5 fields"},
		{"Django's PBKDF2: MD5", swap(djangoPBKDF2, "sha256", "md5"), "none of sha1"},
		{"Django's PBKDF2: short salt", swap(djangoPBKDF2, salt16, "salt"), "salt has 4 bytes"},
		{"Django's PBKDF2: line feed after", djangoPBKDF2 + "\n", "digest is not base64"},
		{"Werkzeug's PBKDF2: no rounds", swap(werkzeugPBKDF2, ":10", ""), "not of the form"},
		{"Werkzeug's PBKDF2: rounds over the cap", swap(werkzeugPBKDF2, ":10", ":99999999"), "it takes 99999999 rounds"},
		{"Werkzeug's PBKDF2: long salt", swap(werkzeugPBKDF2, salt16, strings.Repeat("s", 1025)), "salt has 1025 bytes"},

		{"ASP.NET 3: head alone", "AQAAAA==", "no head"},
		{"ASP.NET 3: unpadded", strings.TrimRight(aspnet3, "="), "not base64"},
		{"ASP.NET 3: function 3", swap(aspnet3, "AQAAAAE", "AQAAAAM"), "number 3"},
		{"ASP.NET 3: function wraps", swap(aspnet3, "AQAAAAE", "AQAAAQE"), "begins with none"},
		{"ASP.NET 3: 0 rounds", swap(aspnet3, "AAAAKAAAAE", "AAAAAAAAAE"), "it takes 0 rounds"},
		{"ASP.NET 3: 4294967295 rounds", "AQAAAAH/////AAAAEHNhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "4294967295 rounds"},
		{"ASP.NET 3: salt longer than all", "AQAAAAEAAAAK/////3NhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "should have 4294967295"},
		{"ASP.NET 3: no salt", "AQAAAAEAAAAKAAAAAHNhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "salt has 0 bytes"},
		{"ASP.NET 3: salt to the end", "AQAAAAEAAAAKAAAAMHNhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "digest has 0 bytes"},
		{"ASP.NET 2: a byte short", aspnet2[:64] + "0vc=", "no head of version 2"},
		{"ASP.NET 2: another version", "B" + aspnet2[1:], "begins with none"},
		{"ASP.NET 2: another version within the first letter", "AX" + aspnet2[2:], "no head of version 2"},
		{"ASP.NET 2: two bytes long", "AA" + strings.Repeat("A", 66), "no head of version 2"},

		{"Firebase: alone", "$fbscrypt$", "2 fields"},
		{"Firebase: no signer key", swap(firebase, ",sk="+signerKey, ""), "do not end with ss"},
		{"Firebase: no separator", swap(firebase, ",ss=Bw==", ""), "do not end with ss"},
		{"Firebase: other order", swap(firebase, "ss=Bw==,sk="+signerKey, "sk="+signerKey+",ss=Bw=="), "do not end with ss"},
		{"Firebase: empty signer key", swap(firebase, signerKey, ""), "signer key has 0 bytes"},
		{"Firebase: version", swap(firebase, "v=1", "v=2"), "version"},
		{"Firebase: n over the cap", swap(firebase, "n=4", "n=19"), "n is 19"},
		{"Firebase: r over the cap", swap(firebase, "r=8", "r=33"), "r is 33"},
		{"Firebase: memory over the cap", swap(firebase, "n=4,r=8", "n=17,r=32"), "524288 KiB"},
		{"Firebase: URL's alphabet", swap(firebase, "PRRlDQdyullv2afLaB5KDyT0Sv5LAZENCWcFMmZA8Yw=", "PRRlDQdyullv2afLaB5KDyT0Sv5LAZENCWcFMmZA8_-="), "digest is not base64"},
		{"Firebase: digest shorter than the key", swap(firebase, "PRRlDQdyullv2afLaB5KDyT0Sv5LAZENCWcFMmZA8Yw=", "PRRlDQdyullv2afLaB5KDw=="), "signer key 32"},
		{"Firebase: salt and separator over the cap", "$fbscrypt$v=1,n=4,r=8,p=1,ss=" + strings.Repeat("AAAA", 340) + ",sk=AAAAAAAAAAAAAAAAAAAAAA==$c2FsdHNhbHQ=$AAAAAAAAAAAAAAAAAAAAAA==", "with its separator has 1028"},
	}
}

// TestEveryPartOfAForeignHashCounts promises that no byte of them can be another, or missing, and the password still match. What
// that makes costly is another hash for sure, and not tried.
func TestEveryPartOfAForeignHashCounts(t *testing.T) {
	hasher, affordable := password.New(cheap, 0), affordable()
	for _, stored := range foreignTrue() {
		if !matches(t, hasher, stored, "password") {
			t.Fatalf("%q does not match", stored)
		}
		for i := range stored {
			for _, other := range []string{"", "A", "5", "$", "\x00"} {
				changed := stored[:i] + other + stored[i+1:]
				tried := changed != stored && (password.Check(changed) != nil || affordable.MatchString(changed))
				if tried && matches(t, hasher, changed, "password") {
					t.Errorf("%q matches as %q does", changed, stored)
				}
			}
		}
	}
}
