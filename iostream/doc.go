// Package iostream moves bytes: it makes streams of sockets, reads from them
// and writes to them without ever waiting, and tells by callbacks what has
// happened. It is Turbo's IOStream and TCPServer on the loop of package ioloop.
//
// # A stream
//
// A stream comes from [Connect], from a [Listener], or from [New]:
//
//	iostream.Listen(loop, "tcp", ":8888", nil, func(s *iostream.IOStream) {
//		s.ReadUntil("\n", func(line []byte) {
//			s.Write(line, s.Close)
//		})
//	})
//
// Everything belongs to the loop's goroutine. No callback is ever called inside
// a call that you made: Write, Close and ReadUntil queue, the loop runs the
// callback in its callbacks phase. Any callback may suspend (see ioloop); one
// that panics is logged and closes its stream, and nobody else's.
//
// # Reading
//
// There are two ways. Turbo's reads ([IOStream.ReadUntil],
// [IOStream.ReadUntilPattern], [IOStream.ReadBytes], [IOStream.ReadUntilClose]
// and the streaming ones) each wait for a piece of the stream that you
// describe. The stream reads ahead, up to [Options.MaxBufferSize], and notices
// when the peer closes although nobody reads.
//
// The drivers of protocols, who have a parser of their own, ask for chunks
// ([IOStream.ReadChunk]): one call, one chunk, whatever has come. Nothing is
// read unless it was asked for, so not asking holds the peer up.
//
// What a callback is given is valid until the callback returns, and it stays as
// it is while the callback is suspended. To keep it longer, copy it.
//
// # Writing
//
// Write takes the bytes and returns. They leave at the end of the turn, all
// that was written to the stream in one system call; a write of 16 KiB and more
// goes to the kernel at once, from where it lies. What the kernel does not take
// waits, up to [Options.MaxWriteBuffer]; [IOStream.SetWriteMarks] and the
// callback of Write tell when it has gone. [IOStream.AvailableBuffer] lends a
// buffer to write into without a copy.
//
// # The end
//
// A stream ends once: by the peer, by an error, or by Close. The close callback
// comes after the callbacks of what was read before, exactly once, as the last
// one. When a read was not satisfied, or a write not finished, its callback does
// not come any more. CloseAfterFlush lets the queued bytes leave first, and
// takes care that the peer can read them.
//
// # TLS
//
// With [Options.TLS] and [ListenOptions.TLS] the same stream speaks TLS, by the
// standard library; [TLSFiles] makes a configuration of files. The handshake is
// computed on helpers of the loop (see ioloop.Helpers), so it does not
// hold up the other streams; a connection that waits for its peer in the middle
// of it occupies none. Callbacks of the configuration run there, too. What goes
// wrong is a [TLSError], which says whose fault it was. A stream ends with io.EOF
// only after the peer's close_notify; without one, what came may not be all.
//
// # Memory
//
// A stream without anything to do is a hundred bytes: the read buffer belongs
// to the loop, and what waits to be written lies in blocks from a pool.
package iostream
