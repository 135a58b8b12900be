-- What a participant sent on a channel, newest first: flow reports and searches by both (5.11.3).
CREATE INDEX message_by_sender_and_interface ON message (sender, interface, id);
