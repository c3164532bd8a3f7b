using Xunit;

namespace MiniGpt.Tests;

/// <summary>Tests that change the number of threads, which all kernels share, or that hold a limit of time: nothing else runs beside them.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public class Alone;
