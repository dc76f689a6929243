"""The contract between server and clients: typed messages, their JSON form, versions.

Server and SDK both import this component; neither imports the other. Names and fields are those of
the client API that existing tools speak; what is new is added, never renamed.
"""
