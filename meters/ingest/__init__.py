"""The path of a reading, in the order it travels:

1. `receive`: from the network thread into a bounded inbox.
2. `sample`: parsed, checked, and merged with the readings published beside it.
3. `store`: one transaction a batch (its two large `statements`, and what `refusals` mean). While the
   database is away, the `spool` keeps the batch.
4. `acknowledge`: after the commit, in the order of arrival.
5. `broadcast`: to the pages that watch.

`engine` takes each step in turn; `checkpoint` tells a message that comes again from a new one;
`heartbeat` tells how it goes.
"""
