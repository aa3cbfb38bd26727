package web

// The recording of hash.lua. What it has is in the standard library, so this
// shows that the port of an application gets the same digests there.

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestTurboHashFunctions(t *testing.T) {
	r := looptest.Replay(t, "hash_functions")
	const always = "crypto/sha1 has no final state: a sum can be asked for, and added to, at any time"
	r.Differs(always, "hex before final -> hash.lua: SHA_CTX not final.", "hex before final -> da39a3ee5e6b4b0d3255bfef95601890afd80709")
	r.Differs(always, "update after final -> hash.lua: SHA_CTX already finalized. Please create a new context.",
		"update after final -> a9993e364706816aba3e25717850c26c9cd0d89d")
	r.Differs("D73: the compiler says so", "SHA1.final exists -> false; SHA1.finalize exists -> true")
	r.Differs("the compiler says so", "HMAC(nil) -> hash.lua: Key is invalid type: nil")

	sum := sha1.Sum([]byte("abc"))
	r.Log("SHA1('abc'):hex -> %x", sum)
	h := sha1.New()
	r.Log("hex before final -> %x", h.Sum(nil))
	h.Write([]byte("a"))
	h.Write([]byte("bc"))
	r.Log("incremental hex -> %x", h.Sum(nil))
	h.Reset()
	h.Write([]byte("ab"))
	h.Sum(nil)
	h.Write([]byte("c"))
	r.Log("update after final -> %x", h.Sum(nil))
	r.Log("== -> %v %v", sha1.Sum([]byte("abc")) == sum, sha1.Sum([]byte("abd")) == sum)
	m := hmac.New(sha1.New, []byte("key"))
	m.Write([]byte("data"))
	digest := m.Sum(nil)
	r.Log("HMAC -> %s raw length %d", hex.EncodeToString(digest), len(digest))
	r.Check()
}
