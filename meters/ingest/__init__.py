"""The path of a reading, in the order it travels:

1. `receive`: from the network thread into a bounded inbox.
2. `sample`: parsed, checked, and merged with the readings published beside it.
3. `keep`: into the database (`store`: one transaction a batch, its `panels`, its two large
   `statements`, and what `refusals` mean), or into the `spool` while that is away.
4. `acknowledge`: after the commit, in the order of arrival.
5. `broadcast`: to the pages that watch.

`engine` takes each step in turn; `checkpoint` tells a message that comes again from a new one;
`heartbeat` tells how it goes.
"""
