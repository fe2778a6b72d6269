"""The command line. It is not part of the deployed layer: functions need neither it nor its libraries."""
