"""The registry of encoders, in MLflow: versions of encoders, their training and how good they were.

Belongs here: everything that talks to MLflow. Does not belong here: training, measuring, encoding. MLflow takes seconds to
import and is imported inside the functions that need it; nothing here is on the way of the code location or of ``heritage
--help``.
"""
