package iostream

// WriteShared is Write without a copy, for bytes that go to many streams: p is
// queued as it is, must never change, and is kept alive until it has left
// everywhere. Short ones are copied where much is queued already, so that a slow
// reader does not pin more than he has not read.
func (s *IOStream) WriteShared(p []byte, done func()) error {
	if err := s.mayWrite(len(p)); err != nil {
		return err
	}
	q := s.queue()
	q.done = done
	switch {
	case len(p) == 0:
	case len(p) > ownBlock || q.size < scratchSize:
		q.push(s.conf.hub.view(p))
		q.size += len(p)
	default:
		q.add(s.conf.hub, p)
	}
	s.flushLater()
	s.checkHigh()
	return nil
}

// maxViews is how many unused views are kept.
const maxViews = 16384

// view returns a block that is the caller's memory.
func (c *hub) view(p []byte) *block {
	b := c.views
	if b == nil {
		b = &block{class: borrowed}
	} else {
		c.views = b.next
		c.viewCount--
	}
	b.b, b.r, b.refs, b.next = p[:len(p):len(p)], 0, 1, nil
	return b
}

// releaseView takes it back and forgets the memory.
func (c *hub) releaseView(b *block) {
	b.b = nil
	if c.viewCount < maxViews {
		b.next = c.views
		c.views = b
		c.viewCount++
	}
}
