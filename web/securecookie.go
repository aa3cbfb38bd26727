package web

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"
	"time"
)

// ErrNoCookieSecret says that a secure cookie was to be set by an application
// that has no cookie secret.
var ErrNoCookieSecret = errors.New("web: no cookie secret has been set in the application's options")

// noMaxAge is the age limit of a cookie that does not grow too old.
const noMaxAge = time.Duration(-1)

// A keyring signs the values of secure cookies with its current key, its first,
// and verifies them with any. A signed value is, as in Turbo,
//
//	HEX|LEN|MS|VALUE
//
// with LEN the bytes of VALUE, MS the milliseconds since 1970, and HEX the HMAC
// of "NAME|LEN|MS|VALUE": SHA-1 (Turbo's) or SHA-256. A verifier knows which by
// its length.
type keyring struct {
	keys    [][]byte
	current bool // the first key signs; otherwise all of them are former ones
	sha256  bool // sign with SHA-256
}

func (k *keyring) mac(newHash func() hash.Hash, key []byte, name, signed string) []byte {
	m := hmac.New(newHash, key)
	m.Write([]byte(name + "|" + signed))
	return m.Sum(nil)
}

// sign returns the signed value of a cookie called name.
func (k *keyring) sign(name, value string, now time.Time) (string, error) {
	if !k.current {
		return "", ErrNoCookieSecret
	}
	newHash := sha1.New
	if k.sha256 {
		newHash = sha256.New
	}
	signed := strconv.Itoa(len(value)) + "|" + strconv.FormatInt(now.UnixMilli(), 10) + "|" + value
	return hex.EncodeToString(k.mac(newHash, k.keys[0], name, signed)) + "|" + signed, nil
}

// verify returns the value that was signed, when the signature is one of ours
// and younger than maxAge (negative: of any age).
func (k *keyring) verify(name, text string, maxAge time.Duration, now time.Time) (string, bool) {
	sum, signed, _ := strings.Cut(text, "|")
	length, rest, _ := strings.Cut(signed, "|")
	stamp, value, ok := strings.Cut(rest, "|")
	if !ok || length != strconv.Itoa(len(value)) || !isDigits(stamp) || !k.signedBy(name, sum, signed) {
		return "", false
	}
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || maxAge >= 0 && now.Sub(time.UnixMilli(ms)) >= maxAge {
		return "", false
	}
	return value, true
}

// signedBy compares in constant time.
func (k *keyring) signedBy(name, sum, signed string) bool {
	var newHash func() hash.Hash
	switch len(sum) {
	case 2 * sha1.Size:
		newHash = sha1.New
	case 2 * sha256.Size:
		newHash = sha256.New
	default:
		return false
	}
	want, err := hex.DecodeString(sum)
	if err != nil {
		return false
	}
	for _, key := range k.keys {
		if hmac.Equal(want, k.mac(newHash, key, name, signed)) {
			return true
		}
	}
	return false
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
