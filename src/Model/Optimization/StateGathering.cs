using System.Numerics;
using MiniGpt.Model.Distribution;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Optimization;

/// <summary>
/// Brings the state of an optimizer that ranks have divided to the first of them, one parameter after the other, so that it never has all of
/// it at once. The others send what they have: <see cref="Serve"/>.
/// </summary>
/// <param name="ranks">The ranks, of which this is the first.</param>
/// <param name="optimizer">The optimizer.</param>
internal sealed class StateGathering<T>(ICollective ranks, Optimizer<T> optimizer) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly OptimizerStatePart<T>[] _parts = PartsOf(optimizer);
    private readonly Tensor<T> _numbers = new([(int)LongestOf(optimizer)]), _received = new([(int)LongestOf(optimizer)]);
    private int _next;

    /// <summary>All numbers of the next part of the state, in the parameter's shape, until the one after it is asked for.</summary>
    /// <param name="part">The part: they come in their order.</param>
    /// <exception cref="ArgumentException">It is not the next one.</exception>
    public Tensor<T> Next(OptimizerStatePart<T> part)
    {
        Require.That(_next < _parts.Length && ReferenceEquals(_parts[_next], part), $"the parts of the state come in their order, {part.Parameter.Name} is not the next");
        _next++;
        foreach ((int first, Tensor<T> numbers) in part.Pieces)
            numbers.Reshape([(int)numbers.Count]).Span.CopyTo(_numbers.Span[first..]);
        for (int rank = 1; rank < ranks.Size; rank++)
        {
            FlatRange[] owned = OwnedOf(optimizer, part, rank);
            if (owned.Length == 0)
                continue;
            Tensor<T> received = _received.Slice(0, 0, owned.Sum(range => range.Length));
            Transfer transfer = ranks.Receive(received, rank);
            ranks.Wait(ref transfer);
            int offset = 0;
            foreach (FlatRange range in owned)
            {
                received.Span.Slice(offset, range.Length).CopyTo(_numbers.Span[(range.Start - optimizer.Parameters.StartOf(part.Parameter))..]);
                offset += range.Length;
            }
        }
        return _numbers.Slice(0, 0, (int)part.Parameter.Shape.Count).Reshape(part.Parameter.Shape);
    }

    /// <summary>Sends this rank's pieces of everything to the first rank.</summary>
    public static void Serve(ICollective ranks, Optimizer<T> optimizer)
    {
        Tensor<T> sent = new([(int)LongestOf(optimizer)]);
        foreach (OptimizerStatePart<T> part in PartsOf(optimizer))
        {
            int length = 0;
            foreach ((_, Tensor<T> numbers) in part.Pieces)
            {
                numbers.Reshape([(int)numbers.Count]).Span.CopyTo(sent.Span[length..]);
                length += (int)numbers.Count;
            }
            if (length == 0)
                continue;
            Transfer transfer = ranks.Send(sent.Slice(0, 0, length), to: 0);
            ranks.Wait(ref transfer);
        }
    }

    /// <summary>Takes what nobody asked for, because writing failed: the others send it all the same.</summary>
    public void Dispose()
    {
        while (_next < _parts.Length)
            Next(_parts[_next]);
    }

    private static OptimizerStatePart<T>[] PartsOf(Optimizer<T> optimizer) => [.. optimizer.State.SelectMany(state => state.Parts)];

    private static long LongestOf(Optimizer<T> optimizer) => optimizer.Parameters.Trained.Max(parameter => parameter.Shape.Count);

    private static FlatRange[] OwnedOf(Optimizer<T> optimizer, OptimizerStatePart<T> part, int rank) => FlatRange.And(
        optimizer.Ownership!.Owned(rank), new(optimizer.Parameters.StartOf(part.Parameter), (int)part.Parameter.Shape.Count));
}
