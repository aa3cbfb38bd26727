package http1

import "iter"

// Fields is a view of received fields, in the order in which they came. The
// zero value is empty, and so is a view whose message is over: it never shows
// another message. Names are compared without regard to case. Each look-up is
// one pass over the fields, of which [Limits] allows a few hundred.
type Fields struct {
	h        *Head
	gen      uint32
	trailers bool
}

func (f Fields) list() []field {
	switch {
	case f.h == nil || f.h.gen != f.gen:
		return nil
	case f.trailers:
		return f.h.trailers
	}
	return f.h.fields
}

// Len returns the number of field lines.
func (f Fields) Len() int { return len(f.list()) }

// At returns field line i as it was received, the value without the whitespace
// around it. The slices are valid as long as the message.
func (f Fields) At(i int) (name, value []byte) {
	x := f.list()[i]
	return f.h.bytes(x.name), f.h.bytes(x.value)
}

// Has tells whether there is a field of this name.
func (f Fields) Has(name string) bool {
	_, ok := f.Lookup(name)
	return ok
}

// Lookup returns the value of the first field of this name without copying it:
// it is valid as long as the message.
func (f Fields) Lookup(name string) (value []byte, ok bool) {
	for _, x := range f.list() {
		if int(x.name.len) == len(name) && equalFold(f.h.bytes(x.name), name) {
			return f.h.bytes(x.value), true
		}
	}
	return nil, false
}

// Get returns the value of the first field of this name, "" without one.
func (f Fields) Get(name string) string {
	value, _ := f.Lookup(name)
	return string(value)
}

// Values returns the values of all fields of this name, nil without one.
func (f Fields) Values(name string) []string {
	var values []string
	for _, x := range f.list() {
		if int(x.name.len) == len(name) && equalFold(f.h.bytes(x.name), name) {
			values = append(values, string(f.h.bytes(x.value)))
		}
	}
	return values
}

// All yields every field line, names as they were written.
func (f Fields) All() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i := 0; i < f.Len(); i++ { // the message may end in the loop's body
			name, value := f.At(i)
			if !yield(string(name), string(value)) {
				return
			}
		}
	}
}

// Clone returns the fields as a [Header], which outlives the message. All of
// its strings are parts of one.
func (f Fields) Clone() *Header {
	list := f.list()
	h := &Header{list: make([]Field, len(list))}
	if len(list) == 0 {
		return h
	}
	from, last := list[0].name.off, list[len(list)-1].value
	text := string(f.h.buf[from : last.off+last.len])
	part := func(s span) string { return text[s.off-from : s.off-from+s.len] }
	for i, x := range list {
		h.list[i] = Field{part(x.name), part(x.value)}
	}
	return h
}
