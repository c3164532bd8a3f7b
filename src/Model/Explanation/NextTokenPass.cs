using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>Forward passes of a decoder that are asked for the token after a text, while an observer looks or changes something.</summary>
internal sealed class NextTokenPass<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Nothing = -100; // where no target is to be predicted

    private readonly Decoder<T> _model;
    private readonly Tape<T> _tape = new(records: false);

    public NextTokenPass(Decoder<T> model, CancellationToken cancellationToken)
    {
        _model = model;
        _tape.Cancellation = cancellationToken;
    }

    /// <summary>[V]: the logits of the token after a text, and the mean loss of those in it; none of a text of one token.</summary>
    public (double[] Logits, double? Loss) Ask(ReadOnlySpan<int> ids, IForwardObserver<T> observer)
    {
        _tape.Reset();
        Variable<T> hidden = _model.Hidden(_tape.Copy(ids, [1, ids.Length]), new ForwardPass<T>(_tape) { Observer = observer });
        double[] logits = RowReading.Of(_model.Project(hidden.Last(axis: 1)).Value, 0);
        if (ids.Length == 1)
            return (logits, null);
        Tensor<int> targets = _tape.Copy<int>([.. ids[1..], Nothing], [1, ids.Length]);
        return (logits, double.CreateChecked(_model.Output.Loss(hidden, targets).Value.Span[0]));
    }

    /// <summary>[rows][V]: the logits of the token after a text, which stands in several rows, so that each can be changed in another way.</summary>
    public double[][] AskRows(int[] ids, int rows, IForwardObserver<T> observer)
    {
        _tape.Reset();
        int[] repeated = [.. Enumerable.Repeat(ids, rows).SelectMany(row => row)];
        ForwardPass<T> pass = new(_tape) { Observer = observer, LastOnly = true };
        Tensor<T> logits = _model.Project(_model.Hidden(_tape.Copy<int>(repeated, [rows, ids.Length]), pass)).Value;
        return [.. Enumerable.Range(0, rows).Select(row => RowReading.Of(logits, row))];
    }

    public void Dispose() => _tape.Dispose();

    /// <summary>Throws where there is nothing to ask a model about a text.</summary>
    /// <exception cref="ArgumentException">
    /// There is no token, there are more than the context, one is outside of the vocabulary, or the model is a recurrent network.
    /// </exception>
    public static void Check(Decoder<T> model, ReadOnlySpan<int> ids)
    {
        Require.That(model.Config.Recurrence is null, $"heads and feed-forward layers are asked here; a recurrent network has none");
        Require.That(ids.Length > 0, $"a text to ask about must have at least one token");
        Require.That(ids.Length <= model.Config.Context, $"{ids.Length} tokens are more than the context of {model.Config.Context}");
        foreach (int id in ids)
            model.RequireId(id);
    }
}
