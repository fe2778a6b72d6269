"""The operators' command line. Not part of the deployed layer: functions need neither it nor its libraries."""
