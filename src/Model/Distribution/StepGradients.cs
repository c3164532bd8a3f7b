using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// From the gradients of micro-batches to those of a step: this rank's are added along the tree as they come, and those of all ranks where
/// there are several. One process alone goes the same way, with nobody to send anything to.
/// </summary>
internal sealed class StepGradients<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ICollective _ranks;
    private readonly ParameterSet<T> _parameters;
    private readonly Tape<T> _tape;
    private readonly GradientAccumulation<T> _sums;
    private readonly Ownership? _ownership;
    private readonly GradientExchange<T>? _exchange;
    private readonly ParameterExchange<T>? _updated;
    private readonly double[] _losses = []; // of all micro-batches, where ranks tell them each other
    private readonly int _count;
    private double _loss;

    /// <summary>Makes what the steps of a run need.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="parameters">The parameters, with places for their gradients.</param>
    /// <param name="tape">The tape on which backward passes are made.</param>
    /// <param name="count">The micro-batches of a step.</param>
    /// <param name="ownership">Which rank updates what; null where one process updates everything.</param>
    /// <param name="wire">How gradients travel.</param>
    /// <exception cref="ArgumentException">There are more ranks than micro-batches, or parameters are not divided among these ranks.</exception>
    public StepGradients(ICollective ranks, ParameterSet<T> parameters, Tape<T> tape, int count, Ownership? ownership, WireType wire)
    {
        Require.That(ranks.Size <= count,
            $"{ranks.Size} ranks found, at most the {count} micro-batches of a step expected: a step needs at least as many as there are ranks");
        Require.That((ownership?.Ranks ?? 1) == ranks.Size, $"an optimizer of {ownership?.Ranks ?? 1} ranks does not go with {ranks.Size}");
        (_ranks, _parameters, _tape, _ownership) = (ranks, parameters, tape, ownership);
        Share = MicroBatchTree.ShareOf(count, ranks.Rank, ranks.Size);
        _count = count;
        _sums = new GradientAccumulation<T>(parameters, count, Share);
        if (ownership is null)
            return;
        _exchange = new GradientExchange<T>(ranks, parameters, _sums, count, ownership, wire);
        _updated = new ParameterExchange<T>(ranks, parameters.Values, ownership);
        _losses = new double[count];
        Summary = new StepSummary(ranks, ownership, count);
        _tape.Passed = left => _exchange.Passed(left, _tape.Profile);
    }

    /// <summary>The micro-batches of this rank.</summary>
    public MicroBatches Share { get; }

    /// <summary>What ranks tell each other of a step; null where there is one.</summary>
    public StepSummary? Summary { get; }

    /// <summary>What the exchanges took.</summary>
    public ExchangeTimes Times => new(_exchange?.Waited ?? default, _updated?.Waited ?? default, _exchange?.HiddenShare ?? 0);

    /// <summary>Begins a step.</summary>
    public void Begin()
    {
        _sums.Begin();
        _loss = 0;
    }

    /// <summary>The backward pass of a micro-batch.</summary>
    /// <param name="microBatch">Which; they come in their order.</param>
    /// <param name="scaled">What the gradients are taken of.</param>
    /// <param name="loss">The loss.</param>
    public void Backward(int microBatch, Variable<T> scaled, Variable<T> loss)
    {
        _parameters.ClearGradients();
        _exchange?.Begin(_tape.Nodes.Length, isLast: microBatch == Share.End - 1);
        _tape.Backward(scaled);
        AddLoss(microBatch, double.CreateChecked(loss.Value.Span[0]));
        if (_count == 1)
            return;
        _parameters.CompleteGradients();
        _sums.Take(microBatch);
        _tape.Profile?.Lap("Gradients added up");
    }

    /// <summary>Completes the gradients of the step, where this rank needs them.</summary>
    /// <returns>The mean loss, and the norm of the gradient.</returns>
    public (double Loss, double Norm) Finish()
    {
        double norm;
        if (_exchange is null)
        {
            _sums.Complete(0, _parameters.Gradients.Shape[0]);
            norm = _parameters.GradientNorm();
        }
        else
        {
            _exchange.Finish();
            _tape.Profile?.Lap("Waiting for gradients");
            norm = Summary!.Exchange(_parameters.Gradients, _losses);
        }
        _tape.Profile?.Lap("Gradient norm");
        foreach (double loss in _losses)
            _loss += loss / _count;
        return (_loss, norm);
    }

    /// <summary>Brings what each rank has updated to all of them.</summary>
    public void ShareUpdate()
    {
        if (_updated is null)
            return;
        _updated.Run();
        _tape.Profile?.Lap("Updated parameters exchanged");
    }

    /// <summary>The last parameter of the model of which a gradient is not finite; null where all are. All ranks know it.</summary>
    public Parameter<T>? LastNotFinite()
    {
        if (_ownership is null)
            return _parameters.LastNotFinite(_parameters.Gradients);
        int last = -1;
        for (int i = 0; i < _parameters.All.Count; i++)
        {
            if (_parameters.All[i].IsTrained && IsNotFinite(_parameters.All[i]))
                last = i;
        }
        last = _ranks.AllGather(last).Max();
        return last < 0 ? null : _parameters.All[last];
    }

    private void AddLoss(int microBatch, double loss)
    {
        if (_exchange is null)
            _loss += loss / _count;
        else
            _losses[microBatch] = loss;
    }

    private bool IsNotFinite(Parameter<T> parameter)
    {
        FlatRange whole = new(_parameters.StartOf(parameter), (int)parameter.Shape.Count);
        foreach (FlatRange range in FlatRange.And(_ownership!.Needed(_ranks.Rank), whole))
        {
            if (!TensorPrimitives.IsFiniteAll<T>(_parameters.Gradients.Slice(0, range.Start, range.Length).Span))
                return true;
        }
        return false;
    }
}
