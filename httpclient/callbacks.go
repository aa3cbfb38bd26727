package httpclient

import "github.com/turbogo/turbo/iostream"

// The owner's functions, called where the connection is driven. One that panics
// ends its fetch, wherever that is, on the way to the loop, which logs it.

func (f *fetch) tellResponse() {
	returned := false
	defer f.unless(&returned)
	err := f.o.OnResponse(f.resp)
	returned = true
	f.failCallback(err)
}

func (f *fetch) tellData(p []byte) {
	returned := false
	defer f.unless(&returned)
	err := f.o.OnData(p)
	returned = true
	f.failCallback(err)
}

func (f *fetch) tellProgress(p Progress) {
	returned := false
	defer f.unless(&returned)
	f.o.OnProgress(p)
	returned = true
}

func (f *fetch) unless(returned *bool) {
	if !*returned {
		f.fail(ErrCallback.with(iostream.ErrPanic))
	}
}

func (f *fetch) failCallback(err error) {
	if err != nil {
		f.fail(ErrCallback.with(err))
	}
}
