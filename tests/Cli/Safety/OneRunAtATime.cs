using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

/// <summary>Tests that run the program for seconds, and watch the clock or the memory while it does: one after the other.</summary>
[CollectionDefinition("Runs")]
public class OneRunAtATime;
