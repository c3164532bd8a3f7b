using MiniGpt.Model.Architectures;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Model.Distribution;

public class OwnershipTests
{
    [Theory]
    [InlineData(2, false)]
    [InlineData(5, false)]
    [InlineData(2, true)]
    [InlineData(7, true)]
    public void Every_number_has_one_rank_that_updates_it_and_matrices_stay_whole(int ranks, bool muon)
    {
        Decoder<float> model = new(Gpt2.Config(65, 32, 3, 4, 64));
        ParameterSet<float> parameters = model.Parameters;
        parameters.AllocateGradients();
        Ownership ownership = Ownership.Of(parameters, parameter => muon && Muon<float>.IsMatrix(parameter), ranks);
        int[] owners = new int[parameters.Gradients.Shape[0]];
        for (int rank = 0; rank < ranks; rank++)
        {
            foreach (FlatRange range in ownership.Owned(rank))
            {
                for (int i = range.Start; i < range.End; i++)
                    owners[i]++;
            }
        }
        Assert.All(parameters.Trained, parameter => Assert.All(
            owners.AsSpan(parameters.StartOf(parameter), (int)parameter.Shape.Count).ToArray(), count => Assert.Equal(1, count)));
        if (muon)
        {
            Assert.All(parameters.Trained.Where(Muon<float>.IsMatrix).SelectMany(parameter => Ownership.PartsOf(parameters, parameter)), part =>
                Assert.Single(Enumerable.Range(0, ranks), rank => FlatRange.And(ownership.Owned(rank), part).Length > 0));
        }
    }

    [Fact]
    public void Chunks_of_the_norm_are_each_computed_once_by_a_rank_that_has_the_sums_there()
    {
        Decoder<float> model = new(Gpt2.Config(65, 32, 3, 4, 64));
        model.Parameters.AllocateGradients();
        int length = model.Parameters.Gradients.Shape[0];
        Ownership ownership = Ownership.Of(model.Parameters, Muon<float>.IsMatrix, 4);
        int[] chunks = [.. Enumerable.Range(0, 4).SelectMany(ownership.Chunks)];
        Assert.Equal(Enumerable.Range(0, (length + Reductions.NumbersOfChunk - 1) / Reductions.NumbersOfChunk), chunks.Order());
        for (int rank = 0; rank < 4; rank++)
        {
            foreach (FlatRange part in ownership.Owned(rank).Concat(ownership.Chunks(rank).Select(chunk =>
                new FlatRange(chunk * Reductions.NumbersOfChunk, Math.Min(Reductions.NumbersOfChunk, length - chunk * Reductions.NumbersOfChunk)))))
            {
                Assert.Equal(part.Length, FlatRange.And(ownership.Needed(rank), part).Sum(range => range.Length));
            }
        }
    }

    [Fact]
    public void Ranges_that_touch_or_overlap_are_one()
    {
        Assert.Equal([new(0, 7), new(9, 1)], FlatRange.Merge([new(9, 1), new(0, 4), new(4, 2), new(3, 4), new(8, 0)]));
        Assert.Equal([new(4, 2), new(8, 1)], FlatRange.And([new(0, 6), new(8, 5)], new(4, 5)));
    }
}
