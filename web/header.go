package web

// Most responses have one of a few headers: what all responses of an application
// have, and a Content-Type. Those are made once, with their text, and a response
// refers to one of them until something else is added.

const contentType = "Content-Type"

// maxTyped is how many of them an application keeps. A response with yet another
// type has a header of its own.
const maxTyped = 64

// defaultType is the default Content-Type, which is checked once.
var defaultType = makeDefaultType()

func makeDefaultType() (h Header) {
	if err := h.Add("Content-Type", "text/html; charset=UTF-8"); err != nil {
		panic("bug: web: the default type: " + err.Error())
	}
	return h
}

// whole returns a header that is complete but for what the server puts in: the
// fields of every response, the type, and the places of length and date in the
// order of rule 60 of the original.
func (a *Application) whole(contentType *Header) *Header {
	h := new(Header)
	h.AddAll(&a.standard)
	h.AddAll(contentType)
	h.Place("Content-Length")
	h.Place("Date")
	h.Compile()
	return h
}

// typed returns the header with a type, or nil when there are too many of them.
// It refuses what cannot be sent.
func (a *Application) typed(value string) (*Header, error) {
	if value == a.lastType && a.lastTyped != nil {
		return a.lastTyped, nil
	}
	h := a.types[value]
	if h == nil {
		var one Header
		if err := one.Add(contentType, value); err != nil {
			return nil, err
		}
		if len(a.types) >= maxTyped {
			return nil, nil
		}
		if a.types == nil {
			a.types = make(map[string]*Header)
		}
		h = a.whole(&one)
		a.types[value] = h
	}
	a.lastType, a.lastTyped = value, h
	return h, nil
}

// resetHeader makes the header what it is before anybody adds to it.
func (x *exchange) resetHeader() {
	x.touched = false
	if x.typed != nil {
		x.typed = nil
	}
}

// header returns the header, for who looks at it or adds to it.
func (x *exchange) header() *Header {
	if !x.touched {
		x.touched = true
		x.made.Reset()
		x.made.AddAll(&x.app.standard)
		if x.typed != nil {
			x.mustAdd(contentType, x.typed.Get(contentType))
			x.typed = nil
		}
	}
	return &x.made
}

// hasOwnType reports whether the handler has set the Content-Type.
func (x *exchange) hasOwnType() bool {
	if !x.touched {
		return x.typed != nil
	}
	return x.made.Has(contentType)
}

// setType sets the Content-Type.
func (x *exchange) setType(value string) error {
	if !x.touched {
		h, err := x.app.typed(value)
		if err != nil {
			return err
		}
		if h != nil {
			x.typed = h
			return nil
		}
	}
	return x.header().Set(contentType, value)
}

// givenLength is the Content-Length that the handler has set, "" when it has not.
func (x *exchange) givenLength() string {
	if !x.touched { // every response would have it
		return ""
	}
	return x.made.Get("Content-Length")
}

// ready returns the header that has been made already, if the response needs no
// other one.
func (x *exchange) ready() *Header {
	switch {
	case x.app.compression != nil || len(x.cookies) > 0 || withoutContent(x.status):
		return nil
	case x.touched:
		if x.made.Equal(&x.app.standard) {
			return x.app.plain
		}
		return nil
	case x.typed != nil:
		return x.typed
	}
	return x.app.plain
}
