package password_test

import (
	"strings"
	"testing"

	"latchkey/internal/password"
)

// Real hashes of "password" with a salt of 16 bytes, made with Python's hashlib, passlib and libxcrypt: a lenient reader would
// find a match. Those of scrypt have N 16, r 8 and p 1, those of PBKDF2 10 rounds.
const (
	salt16   = "saltsaltsaltsalt"
	scrypt32 = "5f/Vi+XRWGUNGScbsma6KJ4zLFIke/NJsrvr7lQLAyA"
	sha1B64  = "qqKgggka2p0GZzZuhsbFpbr0MV0"
	sha2B64  = "zisGv7w+FNhC/2GFpMypXq9PiqpmiOFenMxxw5CX6JI"
	sha2Hex  = "ce2b06bfbc3e14d842ff6185a4cca95eaf4f8aaa6688e15e9ccc71c39097e892"

	argon2iPHC     = "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$Wb9DOLKUgwlL5fjad9tfCPU0SBAo0PEY/evJRhwtUR0" // only its form: the digest is of argon2id
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
	scryptN        = "$scrypt$n=16,r=8,p=1$" + salt + "$" + scrypt32
	cryptScrypt    = "$7$26..../....saltsaltsaltsalt$ZzTp9KSoMJK1NQm4mOaicstAg637vBTGmivuiHp01.0"
	yescrypt       = "$y$j75$F5Jx5fExrKuPp53xLKQ..1$6Ttv8PR0mzms/.RLVEgTO2JmLY0FDC7Cfd.UUAxsEO8"
	sha256Crypt    = "$5$rounds=1000$saltsaltsaltsalt$46g7V4dvuCn.OnQdXlYlsOGBZWJUhNq6wgX4js7U5W/"
	sha512Crypt    = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"
	phpass         = "$P$5saltsalt.dw5Zgkxy7Q/ZvpQhE5iw0"
	drupal         = "$S$5saltsaltr80nTZX21ZPJU.NESy4yXLO9juIim.9QAO6ac7FDpSS"
	drupalUpgraded = "U$S$5saltsaltwmMIPWLnA.7e3muERg9YQ/AqVvlLLlQB/NVRRl9JS4W"
	wordPress      = "$wp$2y$04$z2tV/tMkJbZwgyoMhkUpz.6uZuauAxxP6Yp0k2DLdofE/K956.uDa"
	betterAuth     = "0123456789abcdef0123456789abcdef:" + betterDigest
	betterDigest   = "f7c278f7f739ad5077f0a82b9a3d67831a7d1b05bc7b8e41fd9d55eb65c87a3f51cefaa870eda509939a162697e744990e3143cfc78ed746f2f981bb61c569e2"
	lucia2         = "s2:" + salt16 + ":2de6b626157094992419e45b4efc550003f372f86edeb881577d859b15ff724ac1c3b37e2a90048808dd85ab2bad53c5a0fe56bc47a89212c392363320835a12"
)

// foreignTrue lists hashes that match "password".
func foreignTrue() []string {
	return []string{djangoArgon2, djangoBcrypt, scryptPHC, djangoScrypt, werkzeugScrypt, pbkdf2PHC, pbkdf2Passlib, pbkdf2SHA1,
		djangoPBKDF2, werkzeugPBKDF2, aspnet3, aspnet2, firebase, scryptN, cryptScrypt, yescrypt, sha256Crypt, sha512Crypt, phpass,
		"$H" + phpass[2:], drupal, drupalUpgraded, wordPress, betterAuth, lucia2}
}

func swap(text, old, new string) string { return strings.Replace(text, old, new, 1) }

// foreignHostile lists texts to be refused, as hostile does.
func foreignHostile() []struct{ name, stored, reason string } {
	return []struct{ name, stored, reason string }{
		{"apr1", "$apr1$saltsalt$qjXMvbEw8oaLCzflDtaK00", "apr1 (htpasswd): "},
		{"gost-yescrypt", "$gy$j9T$saltsalt$qjXMvbEw8oaLCzflDtaK00", "gost-yescrypt: "},
		{"Nextcloud's version", "3|" + good, "remove everything up to the |"},
		{"Medusa's scrypt-kdf", "c2NyeXB0AA8AAAAIAAAAAQ18Y0S6zlBfX6biKDBZvEyTf43swGKs", "Medusa"},
		{"Joomla's MD5", sha2Hex[:32] + ":" + salt16, "in hexadecimal and its salt"},
		{"Kratos' Firebase", "$firescrypt$ln=14,r=8,p=1$c2FsdHNhbHQ", "Kratos"},
		{"Django's SHA-1", "sha1$saltsalt$" + sha2Hex, "salted SHA-1: "},
		{"Werkzeug's plain", "plain$$password", "format is not one"},
		{"SHA-256 in hex", sha2Hex, "bare digest in hexadecimal"},
		{"SHA-256 in upper case", strings.ToUpper(sha2Hex), "bare digest in hexadecimal"},
		{"upper case", strings.ToUpper(werkzeugPBKDF2), "format is not one"},
		{"Django without its word", djangoPBKDF2[len("pbkdf2_sha256"):], "format is not one"},

		{"argon2i: v=16", swap(argon2iPHC, "v=19", "v=16"), "version"},
		{"argon2i: m over the cap", swap(argon2iPHC, "m=64", "m=262145"), "m is 262145"},
		{"Django's argon2d", swap(djangoArgon2, "2id", "2d"), "argon2d: "},
		{"Django's argon2: no digest", djangoArgon2[:len(djangoArgon2)-len(digest)-1], "4 fields"},
		{"Django's argon2: the word twice", "argon2" + djangoArgon2, "format is not one"},
		{"Django's bcrypt: the word twice", "bcrypt$" + djangoBcrypt, "67 bytes long"},
		{"Django's bcrypt: alone", "bcrypt$", "0 bytes long"},
		{"Django's bcrypt: 2x", swap(djangoBcrypt, "$2b", "$2x"), "version"},
		{"Django's bcrypt: cost 31", swap(djangoBcrypt, "$04", "$31"), "cost is 31"},
		{"Django's bcrypt_sha256: cost 15", "bcrypt_sha256$" + swap(bcryptOfPassword, "$04", "$15"), "cost is 15"},
		{"Django's bcrypt_sha256: another scheme inside", "bcrypt_sha256$" + good[:60], "version"},

		{"scrypt: alone", "$scrypt$", "2 fields"},
		{"scrypt: a field more", scryptPHC + "$", "5 fields"},
		{"scrypt: r twice", swap(scryptPHC, "p=1", "r=8"), "each once"},
		{"scrypt: n and ln", swap(scryptPHC, "ln=4,r=8", "ln=4,n=16"), "each once"},
		{"scrypt: n no power", swap(scryptPHC, "ln=4", "n=17"), "N is 17"},
		{"scrypt: n is its logarithm", swap(scryptPHC, "ln=4", "n=1"), "N is 1,"},
		{"scrypt: n over the cap", swap(scryptPHC, "ln=4", "n=524288"), "N is 524288"},
		{"scrypt: ln is N", swap(scryptPHC, "ln=4", "ln=16384"), "binary logarithm of N, not N"},
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
		{"scrypt: salt padded", swap(scryptPHC, salt, salt+"=="), "salt is padded"},
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
		{"PBKDF2: of Mattermost", swap(pbkdf2PHC, "i=10,l=32", "f=SHA256,w=10,l=32"), "write f=SHA256"},
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
		{"ASP.NET 3: function wraps", swap(aspnet3, "AQAAAAE", "AQAAAQE"), "format is not one"},
		{"ASP.NET 3: 0 rounds", swap(aspnet3, "AAAAKAAAAE", "AAAAAAAAAE"), "it takes 0 rounds"},
		{"ASP.NET 3: 4294967295 rounds", "AQAAAAH/////AAAAEHNhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "4294967295 rounds"},
		{"ASP.NET 3: salt longer than all", "AQAAAAEAAAAK/////3NhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "should have 4294967295"},
		{"ASP.NET 3: no salt", "AQAAAAEAAAAKAAAAAHNhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "salt has 0 bytes"},
		{"ASP.NET 3: salt to the end", "AQAAAAEAAAAKAAAAMHNhbHRzYWx0c2FsdHNhbHTOKwa/vD4U2EL/YYWkzKler0+KqmaI4V6czHHDkJfokg==", "digest has 0 bytes"},
		{"ASP.NET 2: a byte short", aspnet2[:64] + "0vc=", "no head of version 2"},
		{"ASP.NET 2: another version", "B" + aspnet2[1:], "format is not one"},
		{"ASP.NET 2: another version within the first letter", "AX" + aspnet2[2:], "no head of version 2"},
		{"ASP.NET 2: two bytes long", "AA" + strings.Repeat("A", 66), "no head of version 2"},

		{"WordPress: alone", "$wp$2", "2 bytes long"},
		{"WordPress: cost 15", swap(wordPress, "$04", "$15"), "cost is 15"},
		{"WordPress: argon2", "$wp" + good, "format is not one"},

		{"crypt's scrypt: alone", "$7$", "not of the form"},
		{"crypt's scrypt: a field more", cryptScrypt + "$", "not of the form"},
		{"crypt's scrypt: N is 1", swap(cryptScrypt, "$7$2", "$7$."), "N is 0,"},
		{"crypt's scrypt: N over the cap", swap(cryptScrypt, "$7$2", "$7$H"), "N is 19,"},
		{"crypt's scrypt: r is 0", swap(cryptScrypt, "26....", "2....."), "r is 0"},
		{"crypt's scrypt: r over the cap", swap(cryptScrypt, "26....", "2/////"), "r is 17043521"},
		{"crypt's scrypt: p of 30 bits", swap(cryptScrypt, "/....salt", "zzzzzsalt"), "p is 1073741823"},
		{"crypt's scrypt: parameters' alphabet", swap(cryptScrypt, "26....", "2=...."), "not a number of crypt(3)"},
		{"crypt's scrypt: short salt", swap(cryptScrypt, salt16, "salt"), "salt has 4 bytes"},
		{"crypt's scrypt: digest cut", cryptScrypt[:len(cryptScrypt)-2], "digest is not base64 of crypt(3)"},
		{"yescrypt: alone", "$y$", "2 fields"},
		{"yescrypt: no salt", "$y$j75$6Ttv8PR0mzms/.RLVEgTO2JmLY0FDC7Cfd.UUAxsEO8", "3 fields"},
		{"yescrypt: another flavor", swap(yescrypt, "j75", "i75"), "not j and two digits"},
		{"yescrypt: p and more", swap(yescrypt, "j75", "j75.."), "not j and two digits"},
		{"yescrypt: not digits", swap(yescrypt, "j75", "j7="), "not digits"},
		{"yescrypt: N too small", swap(yescrypt, "j75", "j65"), "N is 512"},
		{"yescrypt: N over the cap", swap(yescrypt, "j75", "jG5"), "N is 19,"},
		{"yescrypt: r over the cap", swap(yescrypt, "j75", "j7U"), "r is 33"},
		{"yescrypt: memory over the cap", swap(yescrypt, "j75", "jFT"), "1048576 KiB"},
		{"yescrypt: salt's unused bits", swap(yescrypt, "KQ..1", "KQ..z"), "salt is not base64 of crypt(3)"},
		{"yescrypt: short salt", swap(yescrypt, "F5Jx5fExrKuPp53xLKQ..1", "F5Jx"), "salt has 3 bytes"},
		{"yescrypt: digest of 33 bytes", yescrypt + "z", "digest has 33 bytes"},
		{"SHA-256-crypt: alone", "$5$", "no digest"},
		{"SHA-256-crypt: 999 rounds", swap(sha256Crypt, "=1000", "=999"), "it takes 999 rounds"},
		{"SHA-256-crypt: rounds over the cap", swap(sha256Crypt, "=1000", "=1000001"), "it takes 1000001 rounds"},
		{"SHA-256-crypt: rounds of days", swap(sha256Crypt, "=1000", "=999999999"), "it takes 999999999 rounds"},
		{"SHA-256-crypt: rounds wrap", swap(sha256Crypt, "=1000", "=4294968296"), "rounds is far too large"},
		{"SHA-256-crypt: leading zero", swap(sha256Crypt, "=1000", "=01000"), "rounds is not a plain"},
		{"SHA-256-crypt: sign", swap(sha256Crypt, "=1000", "=+1000"), "rounds is not a plain"},
		{"SHA-256-crypt: no rounds", swap(sha256Crypt, "=1000", "="), "rounds is not a plain"},
		{"SHA-256-crypt: no salt", swap(sha256Crypt, salt16, ""), "salt has 0 bytes"},
		{"SHA-256-crypt: long salt", swap(sha256Crypt, salt16, salt16+"s"), "salt has 17 bytes"},
		{"SHA-256-crypt: a field more", sha256Crypt + "$", "digest is not base64 of crypt(3)"},
		{"SHA-256-crypt: line feed after", sha256Crypt + "\n", "digest is not base64 of crypt(3)"},
		{"SHA-256-crypt: digest of SHA-512", swap(sha512Crypt, "$6$", "$5$"), "digest has 64 bytes"},
		{"SHA-512-crypt: digest of SHA-256", swap(sha256Crypt, "$5$", "$6$"), "digest has 32 bytes"},
		{"phpass: alone", "$P$", "has not 31 characters"},
		{"phpass: a byte long", phpass + "a", "has not 31 characters"},
		{"phpass: a field more", phpass + "$", "has not 31 characters"},
		{"phpass: 64 rounds", swap(phpass, "$5", "$4"), "rounds is 6,"},
		{"phpass: rounds over the cap", swap(phpass, "$5", "$J"), "rounds is 21,"},
		{"phpass: no rounds", swap(phpass, "$5", "$="), "rounds is -1,"},
		{"phpass: salt with a space", swap(phpass, "saltsalt", "salt alt"), "printable ASCII"},
		{"phpass: digest's unused bits", phpass[:len(phpass)-1] + "z", "digest is not base64 of crypt(3)"},
		{"phpass: digest's alphabet", phpass[:len(phpass)-2] + "=0", "digest is not base64 of crypt(3)"},
		{"Drupal: a byte short", drupal[:len(drupal)-1], "has not 52 characters"},
		{"Drupal: rounds over the cap", swap(drupal, "$5", "$J"), "rounds is 21,"},
		{"Drupal: digest's alphabet", drupal[:len(drupal)-1] + "=", "character outside"},
		{"Drupal: U twice", "U" + drupalUpgraded, "format is not one"},
		{"Lucia: no digest", "s2:" + salt16, "not of the form s2"},
		{"Lucia: short digest", lucia2[:len(lucia2)-2], "digest has 63 bytes"},
		{"Lucia: a field more", lucia2 + ":", "hexadecimal digits"},
		{"Lucia: salt with a dollar", swap(lucia2, "saltsalt", "salt$alt"), "not a letter or digit"},
		{"better-auth: hex in upper case", strings.ToUpper(betterAuth), "hexadecimal digits"},
		{"better-auth: salt with a colon", ":" + betterAuth[1:], "format is not one"},
		{"better-auth: salt with a space", " " + betterAuth[1:], "not a letter or digit"},
		{"better-auth: another salt", betterAuth[1:], "format is not one"},

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

// TestEveryPartOfAForeignHashCounts promises that the password does not match a hash with any byte changed or missing. Changes
// that make a hash costly are not tried.
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
