package client

// batcher publishes requests. Those of the same moment become one publication, once the worker has shown that it reads
// batches.
type batcher struct {
	replies *replyChannel
	channel string
	// The size limit of a batch, in bytes.
	limit int
}

func newBatcher(replies *replyChannel, channel string, messageSizeLimit int) *batcher {
	return &batcher{replies, channel, min(maxBatch, messageSizeLimit-len(channel)-publishOverhead)}
}

// publish queues a request; the message gets its outcome. publish calls goesOut at the last moment.
func (b *batcher) publish(request []byte, goesOut func(*outgoing) bool) (*outgoing, error) {
	message := &outgoing{channel: b.channel, payload: request, joiner: b, outcome: make(chan outcome, 1)}
	return message, b.replies.publish(message, goesOut)
}

func (b *batcher) joins() bool { return b.replies.batches.Load() }

func (b *batcher) group(ready []*outgoing) [][]*outgoing {
	var groups [][]*outgoing
	joins := b.joins()
	start, size := 0, 0
	for i, message := range ready {
		more := max(minRequest, len(message.payload)+len(","))
		if i == start || !joins || size+more > b.limit {
			if i > start {
				groups = append(groups, ready[start:i])
			}
			// One comma less than there are requests.
			start, size = i, len(batchStart)+len(batchEnd)-len(",")
		}
		size += more
	}
	return append(groups, ready[start:])
}

func (b *batcher) join(group []*outgoing) []byte {
	requests := make([][]byte, len(group))
	for i, message := range group {
		requests[i] = message.payload
	}
	return joinRequests(requests)
}
