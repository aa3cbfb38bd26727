package rfc6455

// Unread returns what has been received and not been looked at, and forgets it:
// for an owner who wants no more events for now. It ends the time for which the
// last event's payload was valid. The bytes alias the chunk that was received;
// they come first when they are received again.
func (c *Conn) Unread() []byte {
	s := c.scratch
	if s == nil {
		return nil
	}
	c.takeBack()
	rest := s.in
	s.in = nil
	c.tidy()
	return rest
}
