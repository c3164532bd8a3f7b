using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>A head of attention, and what it does.</summary>
/// <param name="Layer">Its block, from 0.</param>
/// <param name="Head">Its place in it, from 0.</param>
/// <param name="Previous">The share of its attention that goes to the token before.</param>
/// <param name="Induction">The share that goes to the token after the last time that the present one was there.</param>
/// <param name="LossWithout">The loss where it is switched off.</param>
internal sealed record HeadRole(int Layer, int Head, double Previous, double Induction, double LossWithout)
{
    /// <summary>The head as people count.</summary>
    public string Name => $"{Layer + 1}.{Head + 1}";
}

/// <summary>A model of two blocks with two heads each that learns to go on with repeated sequences, and a search for the heads that do it.</summary>
internal sealed class InductionModel : IDisposable
{
    private const int Layers = 2;
    private const int Heads = 2;
    private const int Width = 48;
    private const int BatchRows = 64;
    private const double RotaryBase = 10; // in so short a text even the slowest clock has to turn
    private const double LeastShare = 0.5; // of attention, for a head to count as one that finds

    private static readonly LessonTraining s_training = new(Steps: 300, ShownEvery: 5, LearningRate: 5e-3) { MatrixRate = 0.02 };

    private readonly Decoder<double> _model;
    private readonly RowsTask _task;
    private readonly LessonRows _asked;

    private InductionModel(ulong seed)
    {
        _model = new Decoder<double>(Gpt2.Config(new ModelSizes(RepeatedRows.Letters, RepeatedRows.Length, Layers, Heads, Width) { FeedForwardWidth = Width }) with
        {
            Positions = new PositionConfig { Kind = PositionKind.Rotary, RotaryBase = RotaryBase },
            InitializerRange = LessonTraining.InitializerRange,
        });
        _model.Initialize(seed);
        _asked = RepeatedRows.Draw(seed, RandomPurpose.Evaluation, step: 0, BatchRows);
        _task = new RowsTask(_model, step => RepeatedRows.Draw(seed, RandomPurpose.Batches, step, BatchRows), _asked);
    }

    /// <summary>The numbers of the steps whose losses are noted.</summary>
    public static string[] Steps => s_training.Shown;

    /// <summary>The losses while it learned, on rows that it never learned from.</summary>
    public double[] Losses { get; private set; } = [];

    /// <summary>The loss at the end.</summary>
    public double Loss => Losses[^1];

    /// <summary>Every head, what it does, and what is lost without it.</summary>
    public IReadOnlyList<HeadRole> Roles { get; private set; } = [];

    /// <summary>The head that finds best where the present token was before.</summary>
    public HeadRole Induction => Roles.MaxBy(role => role.Induction)!;

    /// <summary>All heads that find it: sometimes two learn the same.</summary>
    public IReadOnlyList<HeadRole> Finders => [.. Roles.Where(role => role.Induction >= LeastShare)];

    /// <summary>The loss where all of these are switched off.</summary>
    public double LossWithoutFinders => _task.LossOf(_asked, Without(Finders));

    /// <summary>Of the first block, the head that looks most at the token before.</summary>
    public HeadRole Previous => Roles.Where(role => role.Layer == 0).MaxBy(role => role.Previous)!;

    /// <summary>Trains a model, and looks for the heads.</summary>
    public static InductionModel Train(ulong seed, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        InductionModel trained = new(seed);
        trained.Losses = s_training.Run(trained._task, () => trained._task.TrainLoss(cancellationToken), progress, cancellationToken);
        trained.FindRoles();
        return trained;
    }

    /// <summary>The attention weights of a head on one row, query after query.</summary>
    public double[] Weights(LessonRows row, HeadRole head)
    {
        SeenValues seen = new();
        _task.LossOf(row, seen);
        int size = row.Length * row.Length;
        return seen.Of(ForwardStage.Weights, head.Layer)[(head.Head * size)..][..size];
    }

    /// <summary>The mean loss at each place of the rows that are asked, whoever is switched off; no number where nothing is asked.</summary>
    public double[] LossByPlace(HeadRole? without)
    {
        double[] losses = new double[RepeatedRows.Length];
        for (int place = 0; place < losses.Length; place++)
        {
            int[] targets = [.. _asked.Targets.Select((target, i) => i % RepeatedRows.Length == place ? target : LessonRows.Nothing)];
            losses[place] = targets.All(target => target == LessonRows.Nothing)
                ? double.NaN
                : _task.LossOf(_asked with { Targets = targets }, without is null ? null : Without(without));
        }
        return losses;
    }

    public void Dispose() => _task.Dispose();

    private void FindRoles()
    {
        SeenValues seen = new();
        _task.LossOf(_asked, seen);
        Roles = [.. from layer in Enumerable.Range(0, Layers) from head in Enumerable.Range(0, Heads) select RoleOf(layer, head, seen.Of(ForwardStage.Weights, layer))];
    }

    /// <summary>Means over all places that are asked.</summary>
    private HeadRole RoleOf(int layer, int head, double[] weights)
    {
        double previous = 0, induction = 0;
        int asked = 0, length = _asked.Length;
        for (int row = 0; row < _asked.Count; row++)
        {
            int[] after = RepeatedRows.AfterLast(_asked.Ids.AsSpan(row * length, length));
            for (int place = 0; place < length; place++)
            {
                if (_asked.Targets[row * length + place] == LessonRows.Nothing)
                    continue;
                int start = ((row * Heads + head) * length + place) * length;
                previous += weights[start + place - 1];
                induction += weights[start + after[place]];
                asked++;
            }
        }
        HeadRole role = new(layer, head, previous / asked, induction / asked, LossWithout: 0);
        return role with { LossWithout = _task.LossOf(_asked, Without(role)) };
    }

    private static SwitchedOff<double> Without(params IEnumerable<HeadRole> heads) => new([.. heads.Select(role => ModelPart.OfHead(role.Layer, role.Head))]);
}
