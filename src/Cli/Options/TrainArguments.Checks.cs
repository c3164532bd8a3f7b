using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <content>What does not go together.</content>
internal sealed partial class TrainArguments
{
    private void CheckText(ParseResult arguments, TaskKind task)
    {
        RefuseBoth(arguments, _settings.Text, _settings.Data);
        if (task == TaskKind.Translate && arguments.IsGiven(_settings.Text))
            throw new UsageException(Messages.Of("train.text-task", ("option", _settings.Text.Name), ("task", _task.Name), ("found", OptionNames.Of(task))));
    }

    private static void RefuseBoth(ParseResult arguments, Option one, Option other)
    {
        if (arguments.IsGiven(one) && arguments.IsGiven(other))
            throw new UsageException(Messages.Of("option.both", ("one", one.Name), ("other", other.Name)));
    }

    private void CheckDepth(ParseResult arguments, TaskKind task)
    {
        if (((Option[])[_preset, _initFrom]).FirstOrDefault(arguments.IsGiven) is Option other)
            throw new UsageException(Messages.Of("train.depth", ("one", _depth.Name), ("other", other.Name)));
        if (task != TaskKind.Next)
        {
            throw new UsageException(Messages.Of("train.depth-task",
                ("option", _depth.Name), ("task", _task.Name), ("next", OptionNames.Of(TaskKind.Next)), ("found", OptionNames.Of(task))));
        }
    }

    /// <summary>Sizes that are given beside --init-from must be those of the model, but for a shorter context.</summary>
    private void CheckSizes(ParseResult arguments, LoadedModel<float> start)
    {
        TransformerConfig config = start.Any.Config;
        if (_architecture.All.FirstOrDefault(arguments.IsGiven) is Option part)
            throw new UsageException(Messages.Of("train.init-part", ("option", part.Name)));
        Check(_settings.Layers, config.Layers);
        Check(_settings.Heads, config.Attention.Heads);
        Check(_settings.Width, config.Width);
        Check(_settings.VocabularySize, config.VocabularySize);
        Check(_settings.Activation, config.FeedForward.Activation);
        Check(_settings.Positions, config.Positions.Kind);
        if (arguments.IsGiven(_settings.Context) && arguments.GetValue(_settings.Context) > config.Context)
        {
            throw new UsageException(Messages.Of("train.init-context",
                ("found", arguments.GetValue(_settings.Context)), ("most", config.Context), ("model", start.Path)));
        }

        void Check<T>(Option<T> option, T expected)
            where T : struct
        {
            if (arguments.IsGiven(option) && !expected.Equals(arguments.GetValue(option)))
            {
                throw new UsageException(expected is Enum
                    ? Messages.Of("train.init-choice", ("option", option.Name), ("model", start.Path))
                    : Messages.Of("train.init-size", ("option", option.Name), ("found", arguments.GetValue(option)), ("model", start.Path)));
            }
        }
    }

    /// <summary>A recurrent network has none of the parts of a transformer that could be chosen.</summary>
    private void CheckParts(ParseResult arguments, TrainingOptions options)
    {
        if (options.ToConfig(vocabularySize: 1).Recurrence is null)
            return;
        IEnumerable<Option> parts = _architecture.OfTransformers.Concat([_settings.Heads, _settings.Activation, _settings.Positions]);
        if (parts.FirstOrDefault(arguments.IsGiven) is Option part)
            throw new UsageException(Messages.Of("train.recurrent", ("option", part.Name), ("architecture", options.Architecture!)));
    }
}
