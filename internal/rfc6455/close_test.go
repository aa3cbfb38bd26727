package rfc6455

import (
	"bytes"
	"strings"
	"testing"
)

// TestSendableCloseCodes goes through all of them, after section 7.4 and the
// IANA registry.
func TestSendableCloseCodes(t *testing.T) {
	defined := map[CloseCode]bool{
		1000: true, 1001: true, 1002: true, 1003: true, 1007: true, 1008: true,
		1009: true, 1010: true, 1011: true, 1012: true, 1013: true, 1014: true,
	}
	for code := range 65536 {
		want := defined[CloseCode(code)] || code >= 3000 && code <= 4999
		if got := CloseCode(code).Sendable(); got != want {
			t.Errorf("CloseCode(%d).Sendable() = %v", code, got)
		}
	}
}

func TestClosePayloadThatMayNotBeSent(t *testing.T) {
	for _, tc := range []struct {
		code   CloseCode
		reason string
		want   error
	}{
		{1004, "", ErrCloseCode},
		{NoStatus, "a reason needs a code", ErrCloseCode},
		{AbnormalClosure, "", ErrCloseCode},
		{TLSFailure, "", ErrCloseCode},
		{0, "", ErrCloseCode},
		{2999, "", ErrCloseCode},
		{5000, "", ErrCloseCode},
		{1000, strings.Repeat("x", 124), ErrControlTooLong},
		{1000, "\xff", ErrInvalidUTF8},
	} {
		got, err := AppendClose([]byte("before"), tc.code, tc.reason)
		if err != tc.want || string(got) != "before" {
			t.Errorf("AppendClose(%d, %q) = %q, %v; want %v", tc.code, tc.reason, got, err, tc.want)
		}
	}
}

func FuzzClose(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("\x03\xe8bye"))
	f.Add([]byte("\x03\xe8\xff"))
	f.Add([]byte("\x03\xed"))
	f.Add([]byte("\x0b\xb8κόσμε"))
	f.Fuzz(func(t *testing.T, p []byte) {
		code, reason, err := ParseClose(p)
		if err != nil {
			if _, ok := err.(*ProtocolError); !ok {
				t.Fatalf("error %T", err)
			}
			return
		}
		got, err := AppendClose(nil, code, string(reason))
		if len(reason) > MaxCloseReason {
			if err != ErrControlTooLong {
				t.Fatalf("a reason of %d bytes: %v", len(reason), err)
			}
			return
		}
		if err != nil || !bytes.Equal(got, p) {
			t.Fatalf("%x is parsed as %d %q, which is appended as %x, %v", p, code, reason, got, err)
		}
	})
}
