"""The path of a reading, in the order it travels:

1. `receive`: from the network thread into a bounded inbox.
2. `sample`: parsed, checked, and merged with the readings published beside it.
3. `store`: one transaction a batch.
4. `acknowledge`: after the commit, in the order of arrival.
5. `broadcast`: to the pages that watch.

`engine` takes each step in turn; `heartbeat` tells how it goes.
"""
