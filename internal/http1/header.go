package http1

import (
	"iter"
	"slices"
)

// A Field is a name and a value.
type Field struct{ Name, Value string }

// A Header is a list of fields to be sent, in the order in which they were
// added. Names are compared without regard to case and sent as they were
// written. The zero value is empty and ready for use. A nil *Header can be
// read, and is empty.
//
// What it takes can be sent: names are tokens, values hold no control
// characters, so nobody can smuggle a line break through them.
type Header struct {
	list []Field
	text *compiled // of the list, if Compile was called since it changed
}

// Add appends a field. A name that is not a token, or a value with a control
// character such as CR, LF or NUL in it, is refused with [ErrField].
func (h *Header) Add(name, value string) error {
	if !validField(name, value) {
		return ErrField
	}
	h.list, h.text = append(h.list, Field{name, trim(value)}), nil
	return nil
}

// AddAll appends the fields of another header, and its marks. They were checked
// when that took them: what is sent with every message is best added so.
func (h *Header) AddAll(other *Header) {
	if other != nil {
		h.list, h.text = append(h.list, other.list...), nil
	}
}

// Set gives the first field of this name another value and removes the others;
// a new name is appended. It refuses what Add refuses.
func (h *Header) Set(name, value string) error {
	if !validField(name, value) {
		return ErrField
	}
	h.text = nil
	i := h.index(name)
	if i < 0 {
		h.list = append(h.list, Field{name, trim(value)})
		return nil
	}
	h.list[i] = Field{name, trim(value)}
	rest := slices.DeleteFunc(h.list[i+1:], func(f Field) bool { return equalFold(f.Name, name) })
	h.list = h.list[:i+1+len(rest)]
	return nil
}

// Place marks where a field goes that is only known when the message is sent:
// Content-Length (or Transfer-Encoding, when the length is not known) or Date.
// Without a mark they come last.
func (h *Header) Place(name string) {
	if h.index(name) < 0 {
		h.list, h.text = append(h.list, Field{Name: name}), nil
	}
}

// Get returns the value of the first field of this name, "" without one.
func (h *Header) Get(name string) string {
	if i := h.index(name); i >= 0 {
		return h.list[i].Value
	}
	return ""
}

// Values returns the values of all fields of this name, nil without one.
func (h *Header) Values(name string) []string {
	var values []string
	for n, v := range h.All() {
		if equalFold(n, name) {
			values = append(values, v)
		}
	}
	return values
}

// Has tells whether there is a field of this name.
func (h *Header) Has(name string) bool { return h.index(name) >= 0 }

// Del removes all fields of this name.
func (h *Header) Del(name string) {
	h.text = nil
	h.list = slices.DeleteFunc(h.list, func(f Field) bool { return equalFold(f.Name, name) })
}

// Len returns the number of fields.
func (h *Header) Len() int {
	if h == nil {
		return 0
	}
	return len(h.list)
}

// All yields the fields in order.
func (h *Header) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if h == nil {
			return
		}
		for _, f := range h.list {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}
}

// Clone returns a copy.
func (h *Header) Clone() *Header {
	if h == nil {
		return new(Header)
	}
	const more = 4 // it is cloned so that something can be added
	return &Header{list: append(make([]Field, 0, len(h.list)+more), h.list...)}
}

// Equal tells whether both have the same fields and marks, in the same order, with
// names and values as they were written.
func (h *Header) Equal(other *Header) bool { return slices.Equal(h.list, other.list) }

// Reset removes all fields and keeps the memory.
func (h *Header) Reset() {
	clear(h.list)
	h.list, h.text = h.list[:0], nil
}

func (h *Header) index(name string) int {
	if h == nil {
		return -1
	}
	for i := range h.list {
		if len(h.list[i].Name) == len(name) && equalFold(h.list[i].Name, name) {
			return i
		}
	}
	return -1
}

func validField(name, value string) bool {
	return len(name) > 0 && allString(name, isToken) && validValue([]byte(value))
}
