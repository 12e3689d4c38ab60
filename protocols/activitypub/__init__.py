"""ActivityStreams 2.0 and ActivityPub as values: parsing, rendering, audiences, collections, proofs."""
