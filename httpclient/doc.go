// Package httpclient is an asynchronous HTTP/1.1 client on an event loop.
//
//	client := httpclient.New(loop, nil)
//	loop.AddCallback(func() {
//		r, err := client.Fetch("https://example.com/", nil).Await()
//		if err != nil {
//			log.Print(err) // an *httpclient.Error: Code, Name, Message
//			return
//		}
//		log.Print(r.Code, len(r.Body))
//	})
//
// A fetch is a future: await it in any callback of the loop, or give it a
// function with Then. One client does as many fetches at a time as it is asked
// for and keeps connections for the next ones, see [ClientOptions]; a client
// with OneAtATime behaves as Turbo's, and says [ErrBusy].
//
// A status such as 404 is a response like any other. What is an error is that
// there is no response, or not all of it: the future then has an [*Error], the
// same is in [Response.Error], and the response holds what had come until then,
// if anything. Turbo's numbers are kept, see [Error.Code].
//
// Everything runs on the loop and belongs to its goroutine. What may block runs
// elsewhere: names are resolved, certificates verified, and readers and writers
// that a fetch was given are called, by way of [ioloop.Offload].
//
// The order of reading: client.go and options.go (the face), fetch.go (the life
// of one fetch), request.go, url.go, redirect.go and digest.go (what is asked),
// conn.go (the driver of one connection), pool.go and dial.go (where connections
// come from), upload.go, download.go and decode.go (bodies), response.go and
// errors.go (what comes of it).
package httpclient
