package http1

import (
	"slices"
	"strings"
	"testing"
)

// list returns the fields as "Name: value" lines.
func list(h *Header) []string {
	var lines []string
	for name, value := range h.All() {
		lines = append(lines, name+": "+value)
	}
	return lines
}

func TestHeader(t *testing.T) {
	h := header(t, "Server", "x", "A", "1", "b", " \t2 3\t ", "a", "4")
	if want := []string{"Server: x", "A: 1", "b: 2 3", "a: 4"}; !slices.Equal(list(h), want) {
		t.Errorf("got %q", list(h))
	}
	if h.Get("B") != "2 3" || h.Get("A") != "1" || h.Get("c") != "" || !h.Has("SERVER") || h.Has("Serve") || h.Len() != 4 {
		t.Error("look-up is wrong")
	}
	if got := h.Values("a"); !slices.Equal(got, []string{"1", "4"}) || h.Values("x") != nil {
		t.Errorf("got %q", got)
	}
	clone := h.Clone()
	if err := h.Set("a", "5"); err != nil {
		t.Error(err)
	}
	if err := h.Set("New", "6"); err != nil {
		t.Error(err)
	}
	if want := []string{"Server: x", "a: 5", "b: 2 3", "New: 6"}; !slices.Equal(list(h), want) {
		t.Errorf("got %q", list(h))
	}
	h.Del("B")
	h.Del("none")
	if want := []string{"Server: x", "a: 5", "New: 6"}; !slices.Equal(list(h), want) {
		t.Errorf("got %q", list(h))
	}
	if want := []string{"Server: x", "A: 1", "b: 2 3", "a: 4"}; !slices.Equal(list(clone), want) {
		t.Errorf("the clone has %q", list(clone))
	}
	for range h.All() {
		break
	}
	h.Reset()
	if h.Len() != 0 || list(h) != nil {
		t.Errorf("got %q", list(h))
	}
}

func TestNilHeaderIsEmpty(t *testing.T) {
	var h *Header
	if h.Len() != 0 || h.Get("a") != "" || h.Has("a") || h.Values("a") != nil || h.Clone().Len() != 0 {
		t.Error("it is not")
	}
}

func TestInjectionIsRefused(t *testing.T) {
	h := header(t, "Good", "1")
	for _, value := range []string{"a\r\nX: b", "a\nX: b", "a\rb", "a\x00", "\x01", "a\x7f", "\r\n", "\x0b"} {
		if err := h.Add("X", value); err != ErrField {
			t.Errorf("Add with value %q: %v", value, err)
		}
		if err := h.Set("Good", value); err != ErrField {
			t.Errorf("Set with value %q: %v", value, err)
		}
	}
	for _, name := range []string{"", "a b", "a:", "a\r\n", "a\x00", "\xc3\xa5", "a(", " a"} {
		if err := h.Add(name, "x"); err != ErrField {
			t.Errorf("Add with name %q: %v", name, err)
		}
		if err := h.Set(name, "x"); err != ErrField {
			t.Errorf("Set with name %q: %v", name, err)
		}
	}
	if err := h.Add("Fine", "tab\tand \xe5\xff"); err != nil {
		t.Error(err)
	}
	if want := []string{"Good: 1", "Fine: tab\tand \xe5\xff"}; !slices.Equal(list(h), want) {
		t.Errorf("got %q", list(h))
	}
}

func TestReceivedFields(t *testing.T) {
	c := received(t, post+"X: 1\r\nEmpty:\r\nx: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: 3\r\n\r\n")
	head := c.Head()
	f := head.Fields()
	if f.Get("x") != "1" || f.Get("none") != "" || !f.Has("EMPTY") || f.Has("T") || f.Len() != 5 {
		t.Error("look-up is wrong")
	}
	if got := f.Values("X"); !slices.Equal(got, []string{"1", "2"}) || f.Values("none") != nil {
		t.Errorf("got %q", got)
	}
	if v, ok := f.Lookup("Empty"); len(v) != 0 || !ok {
		t.Errorf("got %q, %v", v, ok)
	}
	if name, value := f.At(3); string(name) != "x" || string(value) != "2" {
		t.Errorf("got %q, %q", name, value)
	}
	if got := head.Trailers().Get("t"); got != "3" {
		t.Errorf("got %q", got)
	}
	clone := f.Clone()
	for name := range f.All() {
		if name == "X" {
			head.Reset() // the message ends in the middle of the loop
		}
		if name == "Empty" {
			t.Error("the loop goes on")
		}
	}
	if f.Len() != 0 || f.Has("X") || f.Get("X") != "" || f.Values("X") != nil {
		t.Error("a view outlives its message")
	}
	if want := []string{"Host: a", "X: 1", "Empty: ", "x: 2", "Transfer-Encoding: chunked"}; !slices.Equal(list(clone), want) {
		t.Errorf("the clone has %q", list(clone))
	}
	for range clone.All() {
		break
	}
	for range received(t, get11).Head().Fields().All() {
		break
	}
	var zero Fields
	if zero.Len() != 0 || zero.Has("a") {
		t.Error("the zero view is not empty")
	}
	for range c.Head().Fields().All() {
		t.Error("the reset head has fields")
	}
}

func TestHeadKeepsOnlyOrdinaryBuffers(t *testing.T) {
	c, h := NewConn(Server, &Limits{HeaderBytes: 1 << 20, HeaderCount: 1 << 10, TrailerBytes: 1 << 20}), new(Head)
	use := func(request string) {
		h.Reset()
		c.SetHead(h)
		c.Receive([]byte(request))
		next(t, c, Request)
		for ev, _ := c.Next(); ev.Kind != EndOfMessage; ev, _ = c.Next() {
		}
		answer(t, c)
	}
	use(get11)
	small := cap(h.buf)
	use(get11)
	if cap(h.buf) != small {
		t.Errorf("the buffer of %d bytes was not kept", small)
	}
	many := strings.Repeat("A: b\r\n", 500)
	use(post + many + "X: " + strings.Repeat("x", 10000) + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + many + "\r\n")
	h.Reset()
	if cap(h.buf) != 0 || cap(h.fields) != 0 || cap(h.trailers) != 0 {
		t.Errorf("%d bytes, %d and %d fields were kept", cap(h.buf), cap(h.fields), cap(h.trailers))
	}
}

// AddAll is Add and Place for each of the fields.
func TestAddAllAppendsFieldsAndMarks(t *testing.T) {
	var other, want Header
	for _, h := range []*Header{&other, &want} {
		if h == &want {
			h.Add("First", "1")
		}
		h.Add("Server", "a b")
		h.Place("Date")
		h.Add("Server", "c")
	}
	var got Header
	got.Add("First", "1")
	got.AddAll(&other)
	got.AddAll(nil)
	if !slices.Equal(got.list, want.list) {
		t.Errorf("the header is %q, want %q", got.list, want.list)
	}
	got.Set("Server", "changed")
	if other.Get("Server") != "a b" {
		t.Error("a change of the copy has changed what it was copied from")
	}
}
