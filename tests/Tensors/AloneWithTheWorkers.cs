using Xunit;

namespace MiniGpt.Tests.Tensors;

/// <summary>Tests that change the number of threads, which all kernels share: nothing else runs beside them.</summary>
[CollectionDefinition("Workers", DisableParallelization = true)]
public class AloneWithTheWorkers;
