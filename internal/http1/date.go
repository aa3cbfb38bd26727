package http1

// A Date is the value of the Date field of responses. It changes once a second,
// so what stands around it in a compiled header is kept together with it, for the
// header that was sent last. A nil *Date leaves the field out.
type Date struct {
	text []byte
	of   *compiled // whose end is kept, nil for none
	end  []byte
}

// NewDate returns a date with a text, nil without one.
func NewDate(text []byte) *Date {
	if len(text) == 0 {
		return nil
	}
	d := new(Date)
	d.Set(text)
	return d
}

// Set changes the date. It keeps a copy.
func (d *Date) Set(text []byte) {
	d.text = append(d.text[:0], text...)
	d.of = nil
}

// value returns the text, empty without a date.
func (d *Date) value() []byte {
	if d == nil {
		return nil
	}
	return d.text
}

// endOf returns what follows the value of Content-Length in a head with t: the
// fields behind it, and the empty line.
func (d *Date) endOf(t *compiled) []byte {
	if d.of != t {
		d.of = t
		d.end = append(append(append(append(d.end[:0], t.between...), d.text...), t.after...), "\r\n"...)
	}
	return d.end
}
