package rfc6455

// Unread returns what has been received and not been looked at, and forgets it:
// for an owner who wants no more events for now. It ends the time for which the
// last event's payload was valid. The bytes alias the chunk that was received;
// they come first when they are received again.
func (c *Conn) Unread() []byte {
	c.takeBack()
	rest := c.in
	c.in = nil
	return rest
}
