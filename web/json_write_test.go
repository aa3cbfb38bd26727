package web

import (
	"errors"
	"strings"
	"testing"
)

// marshaler is a value that does something while it is encoded.
type marshaler func() ([]byte, error)

func (m marshaler) MarshalJSON() ([]byte, error) { return m() }

func TestWriteJSONFromWithin(t *testing.T) {
	m := connect(t, newApp(t, nil, Func("^/$", func(h *RequestHandler) error {
		err := h.WriteJSON(marshaler(func() ([]byte, error) {
			return []byte(`"outer"`), h.WriteJSON("inner")
		}))
		return errors.Join(err, h.WriteJSON("<next>"))
	})))
	if got := m.get("/"); got.body != `"inner""outer""\u003cnext\u003e"` || got.get("Content-Type") != "application/json; charset=UTF-8" {
		t.Error(got.quoted())
	}
}

// What one response does not take does no harm to the next.
func TestWriteJSONFails(t *testing.T) {
	mistake := errors.New("mistake")
	var errs []error
	m := connect(t, newApp(t, &Options{MaxOutput: 10}, Func("^/$", func(h *RequestHandler) error {
		errs = []error{
			h.WriteJSON(strings.Repeat("x", 20)), h.WriteJSON(marshaler(func() ([]byte, error) { return nil, mistake })), h.WriteJSON(func() {}),
		}
		if h.Header("Content-Type") != "" {
			t.Error("a type without content")
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a panic is lost")
				}
			}()
			_ = h.WriteJSON(marshaler(func() ([]byte, error) { panic("no") }))
		}()
		err := h.WriteJSON(1)
		if err := h.Finish(); err != nil {
			return err
		}
		if err := h.WriteJSON(2); err != ErrFinished {
			t.Errorf("after the end: %v", err)
		}
		return err
	})))
	for range 2 {
		if got := m.get("/"); got.body != "1" {
			t.Error(got.quoted())
		}
		if errs[0] != ErrOutputLimit || !errors.Is(errs[1], mistake) || errs[2] == nil {
			t.Errorf("%q", errs)
		}
	}
}

func TestWriteJSONWhoseValueFinishes(t *testing.T) {
	var err error
	m := connect(t, newApp(t, nil, Func("^/$", func(h *RequestHandler) error {
		err = h.WriteJSON(marshaler(func() ([]byte, error) { return []byte("1"), h.Finish([]byte("done")) }))
		return nil
	})))
	if got := m.get("/"); got.body != "done" || err != ErrFinished {
		t.Error(got.quoted(), err)
	}
}
