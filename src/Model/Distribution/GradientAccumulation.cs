using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// Adds the gradients of a rank's micro-batches along the <see cref="MicroBatchTree"/>. Each backward pass writes the gradients of the
/// parameters anew; sums that wait for their other half are kept aside, as many as the tree is deep. With one micro-batch there are none.
/// </summary>
internal sealed class GradientAccumulation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterSet<T> _parameters;
    private readonly MicroBatches _share;
    private readonly Tensor<T>[] _kept;
    private int _keptCount;

    /// <summary>Makes one, with room for the sums that wait.</summary>
    /// <param name="parameters">The parameters, with places for their gradients.</param>
    /// <param name="count">The micro-batches of a step.</param>
    /// <param name="share">Those of this rank.</param>
    public GradientAccumulation(ParameterSet<T> parameters, int count, MicroBatches share)
    {
        (_parameters, _share) = (parameters, share);
        Roots = MicroBatchTree.Roots(count, share);
        _kept = [.. Enumerable.Range(0, MicroBatchTree.MostKept(Roots)).Select(_ => new Tensor<T>(parameters.Gradients.Shape))];
    }

    /// <summary>The subtrees whose sums this rank makes, in their order.</summary>
    public IReadOnlyList<MicroBatches> Roots { get; }

    /// <summary>Begins a step.</summary>
    public void Begin() => _keptCount = 0;

    /// <summary>Takes the gradients of a micro-batch, complete as its backward pass left them. Those of the last one stay where they are.</summary>
    public void Take(int microBatch)
    {
        if (microBatch == _share.End - 1)
            return;
        AddKept(microBatch, 0, _parameters.Gradients.Shape[0]);
        Elementwise.Copy(_parameters.Gradients, _kept[_keptCount++]);
    }

    /// <summary>Completes a range of the sums after the last micro-batch: then <see cref="Sum"/> has the numbers of each subtree there.</summary>
    public void Complete(int start, int length)
    {
        int kept = _keptCount;
        AddKept(_share.End - 1, start, length);
        _keptCount = kept; // for the next range
    }

    /// <summary>The sum of a subtree, where <see cref="Complete"/> has completed it.</summary>
    /// <param name="root">Its number in <see cref="Roots"/>.</param>
    public Tensor<T> Sum(int root) => root == Roots.Count - 1 ? _parameters.Gradients : _kept[root];

    /// <summary>What was kept is the left half, and the gradients are the right one.</summary>
    private void AddKept(int microBatch, int start, int length)
    {
        int sums = MicroBatchTree.SumsCompletedBy(RootOf(microBatch), microBatch);
        if (sums == 0)
            return;
        Tensor<T> sum = _parameters.Gradients.Slice(0, start, length);
        for (int i = 0; i < sums; i++)
            Elementwise.Add(_kept[--_keptCount].Slice(0, start, length), sum, sum);
    }

    private MicroBatches RootOf(int microBatch)
    {
        int root = 0;
        while (microBatch >= Roots[root].End)
            root++;
        return Roots[root];
    }
}
