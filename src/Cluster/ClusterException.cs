namespace MiniGpt.Cluster;

/// <summary>The processes cannot work together: one line that says what was found, what was expected and what to do.</summary>
/// <param name="message">The line.</param>
public sealed class ClusterException(string message) : IOException(message);
