using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Training;

/// <summary>The part of a run that every rank but the first has: it computes, and writes nothing.</summary>
public sealed class TrainingFollower<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly RunCommands _commands;
    private readonly ICollective _ranks;
    private readonly ILearningTask<T> _task;
    private readonly Trainer<T> _trainer;

    /// <summary>Prepares to follow the first rank, which makes its <see cref="TrainingRun{T}"/> at the same time.</summary>
    /// <param name="options">The options of the run.</param>
    /// <param name="model">The model; its parameters become those of the first rank.</param>
    /// <param name="data">What it learns from: what all ranks learn from.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="optimizer">The optimizer of a run that goes on; left out, a new one.</param>
    /// <exception cref="ArgumentException">There are more ranks than micro-batches, or the data does not go with the model.</exception>
    /// <exception cref="RankFailedException">Another rank cannot begin.</exception>
    public TrainingFollower(TrainingOptions options, LanguageModel<T> model, TrainingData data, ICollective ranks, Optimizer<T>? optimizer = null)
    {
        _ranks = ranks;
        _commands = new RunCommands(ranks);
        _task = ranks.Reach(() => LearningTasks.Create(model, options, data, ranks));
        double ceiling = ShareStart(model, ranks);
        _trainer = ranks.Reach(() => new Trainer<T>(
            _task, optimizer ?? options.CreateOptimizer(model.Parameters, ranks), options.LearningRates, options.ClipNorm, ceiling, ranks, options.Wire));
    }

    /// <summary>What this rank can do, in FLOP/s, at the most, together with all others.</summary>
    internal static double ShareStart(LanguageModel<T> model, ICollective ranks)
    {
        double ceiling = FmaCeiling.Measure<T>(TimeSpan.FromMilliseconds(50));
        if (ranks.Size == 1)
            return ceiling;
        // All begin with the same numbers, whatever a mathematical library on one of the machines makes of a logarithm.
        Span<byte> left = MemoryMarshal.AsBytes(model.Parameters.Values.Span);
        while (left.Length > 0)
        {
            int count = Math.Min(left.Length, 1 << 26);
            ranks.Broadcast(left[..count]);
            left = left[count..];
        }
        return ranks.AllGather(ceiling).Sum();
    }

    /// <summary>Does what the first rank says until it says that the run is over.</summary>
    /// <param name="cancellationToken">Tells the first rank that this one was asked to stop.</param>
    public void Run(CancellationToken cancellationToken = default)
    {
        while (_commands.Hear() is var command && command != RunCommand.End)
        {
            _trainer.WantsToStop = cancellationToken.IsCancellationRequested;
            switch (command)
            {
                case RunCommand.Step: Step(); break;
                case RunCommand.Skip: _trainer.SkipStep(); break;
                case RunCommand.TrainLoss: _task.TrainLoss(CancellationToken.None); break;
                case RunCommand.ValidationPart: _task.ValidationLoss(whole: false, CancellationToken.None); break;
                case RunCommand.ValidationWhole: _task.ValidationLoss(whole: true, CancellationToken.None); break;
                default: StateGathering<T>.Serve(_ranks, _trainer.Optimizer); break;
            }
        }
    }

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose()
    {
        _trainer.Dispose();
        _task.Dispose();
    }

    private void Step()
    {
        try
        {
            _trainer.Step(CancellationToken.None);
        }
        catch (TrainingDivergedException)
        {
            // The first rank finds the same numbers, and says what comes next.
        }
    }
}
